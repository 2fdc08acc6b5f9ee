"""``-- lockstep: ignore``: beside a statement it silences one rule there, and nothing else anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.sql.finding import Finding, Kind, Severity
from lockstep.sql.ignores import apply_ignores
from lockstep.sql.parser import parse

RULES = ("create-table", "create-index", "drop-table", "unused-ignore")
ASK = "-- lockstep: ignore create-table because it is measured"


def finding(
    rule: str, start: int, kind: Kind = "idempotence", severity: Severity = "error"
) -> Finding:
    """Make a finding of one character."""
    return Finding(rule, kind, severity, "it is so", "", start, start + 1)


def left(text: str, rule: str = "create-table") -> list[str]:
    """Let every statement of a text have a finding; return what stays of all, as rule and line."""
    statements = parse(text)
    found = [finding(rule, statement.offset) for statement in statements]
    kept = apply_ignores(text, statements, found, RULES)
    return [f"{f.rule}:{text.count(chr(10), 0, f.start) + 1}" for f in kept]


@pytest.mark.parametrize(
    "text",
    [
        f"{ASK}\nCREATE TABLE a ();",
        f"  {ASK}\n  CREATE TABLE a ();",
        f"{ASK}\n-- which is why\n/* all\nof this */\nCREATE TABLE a ();",
        f"-- First\n{ASK}\r\nCREATE TABLE a ();",
        f"CREATE TABLE a ( {ASK}\n);",
        f"CREATE TABLE a (\n{ASK}\n\n);",
        f"CREATE TABLE a (); {ASK}",
        f"CREATE TABLE a (\n); {ASK}\n",
        f"CREATE TABLE a () {ASK}",
        f"CREATE TABLE a (); /* so */ {ASK}",
        f"DO $$ BEGIN\n  {ASK}\n  CREATE TABLE a ();\nEND $$;",
        f"DO $x$ BEGIN\n  CREATE TABLE a (); {ASK}\nEND $x$;",
    ],
)
def test_beside_a_statement(text: str) -> None:
    """Directly above it, inside of it (or of its body), or behind it on its last line."""
    assert left(text) == []


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        (f"{ASK}\n\nCREATE TABLE a ();", ["unused-ignore:1", "create-table:3"]),
        (f"CREATE TABLE a ();\n{ASK}\n", ["create-table:1", "unused-ignore:2"]),
        (f"{ASK}\n;\nCREATE TABLE a ();", ["unused-ignore:1", "create-table:3"]),
        (f"{ASK}\nCREATE TABLE a ();\nCREATE TABLE b ();", ["create-table:3"]),
        (f"CREATE TABLE a (); {ASK}\nCREATE TABLE b ();", ["create-table:2"]),
        (f"CREATE TABLE a ();\n{ASK}\nCREATE TABLE b ();", ["create-table:1"]),
        (f"CREATE TABLE a (); CREATE TABLE b (); {ASK}", ["create-table:1"]),
        (f"CREATE TABLE a (); {ASK} twice\n{ASK}\nCREATE TABLE b ();", []),
        (f"{ASK}\n{ASK}\nCREATE TABLE a ();", []),
        (f"SELECT '\n{ASK}\n';", ["create-table:1"]),
        (f"/* {ASK} */ CREATE TABLE a ();", ["create-table:1"]),
        ("-- lockstep: ignore create-table\nCREATE TABLE a ();", ["create-table:2"]),
        (f"SELECT $$\n{ASK}\n$$;", ["create-table:1"]),
    ],
)
def test_what_is_not_beside_is_not_silenced(text: str, stays: list[str]) -> None:
    """A blank line parts; a comment behind a statement is not that of the next one; and what is no comment asks nothing."""
    assert left(text) == stays


def test_an_ignore_without_a_finding_is_reported() -> None:
    """With the comment as its place, as a warning; another rule's finding stays."""
    text = f"{ASK}\nDROP TABLE a;"
    statements = parse(text)
    stays, unused = sorted(
        apply_ignores(text, statements, [finding("drop-table", statements[0].offset)], RULES),
        key=lambda f: f.rule,
    )
    assert stays.rule == "drop-table"
    assert (unused.rule, unused.severity) == ("unused-ignore", "warning")
    assert text[unused.start : unused.end] == ASK
    assert unused.message == "the statement has no finding of create-table that could be ignored"


@pytest.mark.parametrize(
    ("name", "advice"),
    [("creat-table", "Did you mean 'create-table'?"), ("x", "The reference lists all rules.")],
)
def test_an_ignore_of_a_rule_that_does_not_exist_is_an_error(name: str, advice: str) -> None:
    """With the nearest that does."""
    text = f"-- lockstep: ignore {name} because so\nSELECT 1;"
    (found,) = apply_ignores(text, parse(text), [], RULES)
    assert (found.rule, found.severity) == ("unknown-rule", "error")
    assert (found.message, found.help) == (f"there is no rule {name!r}", advice)


def test_what_no_boot_would_run_cannot_be_ignored() -> None:
    """An error of the text as such stays; a warning may go."""
    text = f"{ASK}\nSELECT 1;"
    (statement,) = statements = parse(text)
    error = finding("create-table", statement.offset, "syntax")
    warning = finding("create-table", statement.offset, "syntax", "warning")
    assert error in apply_ignores(text, statements, [error], RULES)
    assert apply_ignores(text, statements, [warning], RULES) == []


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["\n", "\n\n", " "]), st.booleans()), max_size=8
    )
)
def test_each_ignore_silences_its_own_statement(parts: list[tuple[bool, str, bool]]) -> None:
    """However statements stand around each other: as many findings go as are asked for, those of the right ones."""
    text, expected = "", []
    for number, (above, gap, behind) in enumerate(parts):
        text += f"{gap}\n" + (f"{ASK}\n" if above else "")
        start = len(text)
        text += f"CREATE TABLE t{number} (\n);" + (f" {ASK}" if behind else "")
        if not above and not behind:
            expected.append(start)
    statements = parse(text)
    found = [finding("create-table", statement.offset) for statement in statements]
    assert [f.start for f in apply_ignores(text, statements, found, RULES)] == expected


@given(
    st.lists(
        st.sampled_from([ASK, "\n", "SELECT 1;", "/*", "*/", "'", "$$", ";", "--", " "]),
        max_size=20,
    )
)
def test_findings_are_only_taken_away_where_that_is_asked_for(parts: list[str]) -> None:
    """Whatever the text, parsed or not: findings of other rules stay, and nothing but ignores is added."""
    text = "".join(parts)
    found = [finding("drop-table", at) for at in range(0, len(text), 7)]
    kept = apply_ignores(text, [], found, RULES)
    assert [f for f in kept if f.rule == "drop-table"] == found
    assert all(text[f.start : f.end].startswith(ASK) for f in kept if f.rule != "drop-table")
