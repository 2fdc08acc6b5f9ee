"""Directives: what is one is obeyed, what nearly is one is refused, what only looks like one is text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.migrate.header import WORDS, Header, parse_header
from lockstep.sql.comments import comments, top

NO_TRANSACTION = Header(transaction=False)
FILLERS = st.lists(
    st.sampled_from(["\n", "  ", "-- why\n", "/* licence; /* 'nested */ */", "--\n", "\t-- 'it\n"]),
    max_size=5,
).map("".join)


def header_of(text: str, kind: str = "migration") -> Header:
    """Parse a header without problems."""
    header, problems = parse_header("x.sql", text, kind)
    assert problems == []
    return header


def problems_of(text: str, kind: str = "migration") -> list[str]:
    """Return the problems with their places and next steps."""
    _, problems = parse_header("x.sql", text, kind)
    return [f"{p.place}: {p.what} | {p.next_step}" for p in problems]


@pytest.mark.parametrize(
    "line",
    [
        "-- lockstep: no-transaction",
        "--lockstep: no-transaction",
        "-- lockstep:no-transaction",
        "  --   lockstep:   no-transaction   ",
        "-- lockstep: no-transaction\t",
        "-- lockstep: no-transaction\r",
        "\t-- lockstep: no-transaction",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_blanks_and_line_ends_do_not_matter(line: str, end: str) -> None:
    """Neither before nor after the directive."""
    assert header_of(f"-- First.\n{line}{end}\nVACUUM;") == NO_TRANSACTION


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("-- Lockstep: no-transaction", "no-transaction"),
        ("-- LOCKSTEP: NO-TRANSACTION", "no-transaction"),
        ("-- lockstep no-transaction", "no-transaction"),
        ("-- lockstep : no-transaction", "no-transaction"),
        ("-- lockstep - breaking", "breaking"),
        ("-- lockstep=breaking", "breaking"),
        ("-- lockstep:", "<directive>"),
        ("-- lockstep is great", "<directive>"),
        ("/* lockstep: no-transaction */", "no-transaction"),
        ("/** lockstep: breaking\n*/", "breaking"),
    ],
)
def test_near_misses_are_refused(line: str, meant: str) -> None:
    """A misspelt directive must not quietly be a comment: the right form is shown."""
    shown = " ".join(line.split())
    assert problems_of(f"-- Why.\n{line}\nVACUUM;") == [
        f"x.sql:2:1: {shown!r} is not a directive, though it looks like one | Write it as: -- lockstep: {meant}"
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("no-transacton", "unknown directive 'no-transacton' | Did you mean 'no-transaction'?"),
        ("x", f"unknown directive 'x' | Known are {', '.join(WORDS)}."),
        (
            "breaking -- as said",
            "`breaking` takes no argument, and '-- as said' follows it | Remarks go into a comment line of their own.",
        ),
        (
            "lock-timeout soon",
            "lock-timeout: 'soon' is not a duration; write for example 500ms, 5s, 2m or 1h | To wait for ever: lock-timeout none",
        ),
        (
            "lock-timeout 600h",
            "lock-timeout: '600h' is out of range; durations go from 1ms to 24 days | To wait for ever: lock-timeout none",
        ),
        (
            "only development",
            "`only` is for seeds | A schema must not differ between environments.",
        ),
        (
            "ignore because I say so",
            "`ignore` has the form: -- lockstep: ignore <rule> because <reason> | ",
        ),
    ],
)
def test_wrong_directives(line: str, problem: str) -> None:
    """Each with what is wrong about it, where, and what to write."""
    assert problems_of(f"-- lockstep: {line}\nSELECT 1;") == [f"x.sql:1:1: {problem}"]


def test_every_problem_is_reported() -> None:
    """With its line and its column, and a caret."""
    text = "-- lockstep: repeatble\n  -- lockstep: only\n\nSELECT 1;\n-- lockstep: breaking\n"
    assert [problem.split(" | ")[0] for problem in problems_of(text, "seed")] == [
        "x.sql:1:1: unknown directive 'repeatble'",
        "x.sql:2:3: `only` does not say where",
        "x.sql:5:1: `breaking` stands below the first statement",
    ]
    _, problems = parse_header("x.sql", text, "seed")
    assert problems[1].place is not None
    assert problems[1].place.excerpt == "    2 |   -- lockstep: only\n      |   ^"


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("repeatable", Header(repeatable=True)),
        ("repair", Header(repair=True)),
        ("breaking", Header(breaking=True)),
        ("lock-timeout 500ms", Header(lock_timeout=0.5)),
        ("lock-timeout none", Header(lock_timeout=0.0)),
        ("only development, test staging", Header(only=("development", "test", "staging"))),
        ("ignore add-column because it is small", Header()),
    ],
)
def test_right_directives(line: str, header: Header) -> None:
    """Each does what it says."""
    assert header_of(f"-- lockstep: {line}\nSELECT 1;", "seed") == header
    assert header.rerun_on_change == (line in {"repeatable", "repair"})


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '\n-- lockstep: breaking\n';",
        "SELECT E'\\'\n-- lockstep: breaking\n';",
        'SELECT 1 AS "\n-- lockstep: breaking\n";',
        "DO $$ BEGIN\n-- lockstep: breaking\nEND $$;",
        "DO $a$ BEGIN $$\n-- lockstep: breaking\n$$ END $a$;",
        "/*\n-- lockstep: breaking\n*/ SELECT 1;",
        "/* /* */\n-- lockstep: breaking\n*/ SELECT 1;",
        "SELECT 1; -- lockstep is a fine word down here",
        "SELECT 1; -- lockstep: whatever",
        "SELECT 1; -- lockstep: ignore some-rule because it is measured",
        "-- blockstep: breaking\nSELECT 1;",
        "-- lockstepped: breaking\nSELECT 1;",
    ],
)
def test_what_only_looks_like_a_directive_is_text(text: str) -> None:
    """Inside a literal, a body or a block comment, in prose below the header, in other words."""
    assert header_of(text) == Header()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1; -- lockstep: breaking",
        "SELECT $1$1;\n-- lockstep: breaking",
        "SELECT 'it''s' /* ' */;\n-- lockstep: breaking",
        "SELECT 1 AS a$b$;\n-- lockstep: breaking\n-- $b$",
        "DO $$ $$;\r\n-- lockstep: breaking\r\n",
        "SELECT date'2020-01-01', e'\\\\';\n-- lockstep: breaking",
    ],
)
def test_a_directive_below_the_first_statement_is_refused(text: str) -> None:
    """It would not be obeyed, and its author thinks that it is."""
    (problem,) = problems_of(text)
    assert "`breaking` stands below the first statement | Directives stand above it" in problem


@given(FILLERS, FILLERS, st.sampled_from(["SELECT 'x';", "", "DO $$ -- '\n$$;"]))
def test_comments_and_blank_lines_may_surround_directives(
    before: str, after: str, rest: str
) -> None:
    """Above the first statement they are found whatever stands around them."""
    text = f"{before}\n-- lockstep: no-transaction\n{after}\n-- lockstep: breaking\n{rest}"
    assert header_of(text) == Header(transaction=False, breaking=True)
    assert text.startswith(top(text))


@given(st.text(alphabet=st.sampled_from("-/*'\"$aE\\ \n;"), max_size=80))
def test_comments_lie_in_the_text_one_after_the_other(text: str) -> None:
    """Whatever the text, also one that ends inside something."""
    end = 0
    for start, comment in comments(text):
        assert start >= end
        assert text[start:].startswith(comment)
        assert comment.startswith(("--", "/*"))
        end = start + len(comment)
