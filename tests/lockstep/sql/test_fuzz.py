"""Whatever a file holds: nothing is raised, and ``--fix`` never changes what a file means.

``make fuzz`` runs the same with many more examples.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lockstep.lint import fixing
from lockstep.lint.findings import Linter
from lockstep.lint.formats import text as text_format
from lockstep.lint.report import Report
from lockstep.lint.rules import known_rules
from lockstep.lint.sources import File
from lockstep.sql.analysis import analyse
from lockstep.sql.bodies import inner_statements
from lockstep.sql.finding import Edit, Finding, Source, edited
from lockstep.sql.parser import NotParsed, Statement, parse
from lockstep.sql.rule import rules
from lockstep.sql.transactions import client_copy

TABLES = Path(__file__).with_name("statements")
MORE = Path(__file__).with_name("seeds.sql").read_text(encoding="utf-8")
WORLD = (TABLES / "world.sql").read_text(encoding="utf-8")


def seeds() -> Iterator[str]:
    """Yield real statements of all kinds: those of the rules, of the tables that are run on the server, and more."""
    for rule in rules().values():
        for text in (rule.bad, rule.good):
            yield from (statement.text for statement in parse(text))
    for table in sorted(TABLES.glob("*.toml")):
        for case in tomllib.loads(table.read_text(encoding="utf-8")).values():
            yield from (statement.text for statement in parse(case["sql"]))
    yield from (statement.text for statement in parse(MORE))


SEEDS = sorted(dict.fromkeys(seeds()))
TOKEN = re.compile(
    r"""\s+|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|[eE]?'(?:[^']|'')*'|"[^"]*"|\w+|::|[<>=|]+|.""",
    re.DOTALL,
)
BLANKS = [
    "\n",
    "\r\n",
    "\t",
    "-- x; '\n",
    "/* a; /* b */ $$ */",
    "/**/",
    " \f\v ",
    "--\r\n",
    "-- ü\n",
]
NAMES = r"""größe|Ж|"日 本"|U&"d\0061t"|"a""b"|"it's"|"found"|"$lockstep$"|"select"|_|é1|"{x}"|"%s"|"a.b"|"--"|pg_temp|public|"THEN"|value"""
DIRECTIVES = ["-- lockstep: no-transaction\n", "-- lockstep: ignore create-table because x\n"]
TRICKY = r"""{{|}}|${x}|:a|@a@|\copy t from stdin|\.|$$|'|"|/*|*/|--|;|(|)|é|DO |COPY t FROM stdin;|-- +goose Up|E'\|1e|$1|<% x %>|%}
|-- migrate:down|-- lockstep: ignore x because y|-- lockstep: x|/* lockstep: */|\echo|BEGIN|END"""
UNPRINTABLE = ["\r", "\n", "\n", "\n", "\0", "\ufeff", "\udcff", "\u2028"]

RETYPED = """CREATE TABLE IF NOT EXISTS u (id int PRIMARY KEY, word text);
CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY, word text);
INSERT INTO t SELECT id, word FROM u;
ALTER TABLE u ALTER word TYPE int USING word::int"""

Tokens = list[str]
Draw = Callable[[st.SearchStrategy[Any]], Any]


def index(draw: Draw, tokens: Tokens) -> int:
    """Draw a place in *tokens*."""
    return int(draw(st.integers(0, max(len(tokens) - 1, 0))))


def delete(draw: Draw, tokens: Tokens) -> Tokens:
    """Leave a token out."""
    at = index(draw, tokens)
    return tokens[:at] + tokens[at + 1 :]


def duplicate(draw: Draw, tokens: Tokens) -> Tokens:
    """Write a few tokens twice."""
    at, length = index(draw, tokens), draw(st.integers(1, 6))
    return [*tokens[: at + length], " ", *tokens[at : at + length], *tokens[at + length :]]


def swap(draw: Draw, tokens: Tokens) -> Tokens:
    """Exchange two tokens."""
    one, other = index(draw, tokens), index(draw, tokens)
    result = list(tokens)
    if tokens:
        result[one], result[other] = result[other], result[one]
    return result


def splice(draw: Draw, tokens: Tokens) -> Tokens:
    """Go on with another statement."""
    other = tokens_of(draw(st.sampled_from(SEEDS)))
    return tokens[: index(draw, tokens)] + other[index(draw, other) :]


def insert_blank(draw: Draw, tokens: Tokens) -> Tokens:
    """Put comments and line ends between any two tokens."""
    for _ in range(draw(st.integers(1, 4))):
        at = index(draw, tokens)
        tokens = [*tokens[:at], draw(st.sampled_from(BLANKS)), *tokens[at:]]
    return tokens


def all_blanks(draw: Draw, tokens: Tokens) -> Tokens:
    """Replace every blank."""
    blank = draw(st.sampled_from(BLANKS))
    return [blank if token.isspace() else token for token in tokens]


def change_case(draw: Draw, tokens: Tokens) -> Tokens:
    """Write all words otherwise."""
    change = draw(st.sampled_from([str.upper, str.lower, str.swapcase, str.title]))
    return [change(token) if token.isidentifier() else token for token in tokens]


def rename(draw: Draw, tokens: Tokens) -> Tokens:
    """Call something otherwise, here or everywhere."""
    words = [token for token in tokens if token.isidentifier()]
    if not words:
        return tokens
    word = draw(st.sampled_from(words))
    name = draw(st.sampled_from([*NAMES.split("|"), "n" * 70, f'"{word}"', f'"{word.upper()}"']))
    return [name if token == word else token for token in tokens]


def enclose(draw: Draw, tokens: Tokens) -> Tokens:
    """Put it into a DO block."""
    tag = draw(st.sampled_from(["$$", "$x$", "$lockstep$"]))
    opening = draw(st.sampled_from(["BEGIN ", "BEGIN\n  IF true THEN ", "BEGIN BEGIN "]))
    closing = {"BEGIN ": ";", "BEGIN BEGIN ": "; EXCEPTION WHEN duplicate_table THEN END;"}
    return ["DO ", f"{tag}{opening}{''.join(tokens)}{closing.get(opening, '; END IF;')} END{tag}"]


MUTATIONS = [
    delete,
    duplicate,
    swap,
    splice,
    insert_blank,
    all_blanks,
    change_case,
    rename,
    enclose,
]
ENDS = ["", ";", " -- end", ";\n-- end", "/* end */", ";;", "\n;\n"]


def tokens_of(text: str) -> Tokens:
    """Return *text* in pieces."""
    return [found[0] for found in TOKEN.finditer(text)]


@st.composite
def mutants(draw: Draw) -> str:
    """Draw a file of one to three statements, each mutated a few times."""
    statements = []
    for _ in range(draw(st.integers(1, 3))):
        tokens = tokens_of(draw(st.sampled_from(SEEDS)))
        for mutate in draw(
            st.lists(st.sampled_from([*MUTATIONS, insert_blank, rename]), max_size=3)
        ):
            tokens = mutate(draw, tokens)
        statements.append("".join(tokens))
    text = draw(st.sampled_from([";\n", ";", "\n;\n\n", "; -- x\n"])).join(statements)
    text = draw(st.sampled_from(["", "", "", *DIRECTIVES])) + text + draw(st.sampled_from(ENDS))
    return str(text.replace("\n", "\r\n") if draw(st.integers(0, 9)) == 0 else text)


INSERTED = {"if_not_exists", "missing_ok", "replace", "skipIfNewValExists", "conname", "idxname"}
INSERTED |= {"onConflictClause"}
PLACES = {"location", "stmt_location", "stmt_len", "name_location"}
PLACES |= {"list_start", "list_end", "rexpr_list_start", "rexpr_list_end"}
GUARD = re.compile(r"DO \$lockstep\$ (?:\n#variable_conflict use_column\n)?BEGIN IF ")


def unwrapped(statement: Statement, fixed: bool) -> Statement:
    """Return what stands in our guard: one statement under a condition, as PL/pgSQL reads it."""
    if not fixed or GUARD.match(statement.text) is None:
        return statement
    found = inner_statements(statement) or []
    assert [inner.guarded for inner in found] == ["if"]
    own = found[0].statement
    # The server refuses to run these there, and only when it gets to them.
    assert own.kind not in {"SelectStmt", "ExplainStmt", "TransactionStmt", "VacuumStmt"}
    assert not client_copy(own)
    assert "returningClause" not in own.tree
    return own


def same(before: Any, after: Any) -> bool:
    """True if two trees differ in nothing but places and what a fix may insert."""
    if isinstance(before, dict) and isinstance(after, dict):
        added = after.keys() - before.keys() - INSERTED - PLACES
        kept = before.keys() - PLACES
        return not added and all(key in after and same(before[key], after[key]) for key in kept)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(same, before, after))
    return bool(before == after)


def same_statement(before: Statement, after: Statement) -> bool:
    """True if two statements mean the same, DO blocks because all that they hold does."""
    if before.kind != after.kind:
        return False
    inside = inner_statements(before) if before.kind == "DoStmt" else None
    if inside is None or before.text == after.text:
        return same(before.tree, after.tree)
    others = inner_statements(after) or []
    pairs = zip(inside, others, strict=False)
    return len(inside) == len(others) and all(
        same_statement(a.statement, b.statement) for a, b in pairs
    )


def check(text: str, history: Sequence[Source] = ()) -> bool:
    """Assert all that must hold of a file that parses; return whether it was fixed."""
    try:
        before = parse(text)
    except NotParsed:
        assert all(0 <= one.start <= one.end <= len(text) for one in found_in(text, history))
        return False
    findings = found_in(text, history)
    edits = [edit for finding in findings for edit in finding.edits]
    for finding in findings:
        assert 0 <= finding.start < finding.end <= len(text), finding
        assert bool(finding.edits) != bool(finding.unfixable) or finding.kind != "idempotence", (
            finding
        )
        assert finding.message
        assert "\n" not in finding.message
        assert len(finding.message) < 500
    assert all(0 <= edit.at <= len(text) for edit in edits)
    fixed = edited(text, edits)
    after = parse(fixed)
    guarded = any(edit.text.startswith("DO $lockstep$") for edit in edits)
    for one, other in zip(before, after, strict=True):
        assert same_statement(one, unwrapped(other, guarded)), other.text
    assert further(fixed, history) == []
    return bool(edits)


def found_in(text: str, history: Sequence[Source]) -> tuple[Finding, ...]:
    """Return the findings of a file that comes after others."""
    return analyse([*history, Source("a.sql", text)])[-1].findings


def further(fixed: str, history: Sequence[Source]) -> list[tuple[str, Edit]]:
    """Return what would be fixed in a fixed file."""
    return [(one.rule, edit) for one in found_in(fixed, history) for edit in one.edits]


def test_the_seeds_are_sound() -> None:
    """All of them, unmutated, hold the property; many of them are fixed."""
    assert len(SEEDS) > 300
    assert sum(check(seed) for seed in SEEDS) > 80
    assert sum(check(seed, [Source("world.sql", WORLD)]) for seed in SEEDS[::5]) > 15


@settings(max_examples=settings().max_examples * 8)
@given(mutants(), st.booleans())
@example("DO $$ BEGIN DROP VIEW v; END $$ $$ BEGIN DROP VIEW v; END $$", False)
@example("DO $$ BEGIN DO $x$ BEGIN ALTER DOMAIN d ADD CHECK (VALUE < 9); END $x$; END $$", False)
@example("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) -- the end", False)
@example("UPDATE t SET a = b RETURNING a; ALTER TABLE t DROP COLUMN b", False)
@example("COPY t FROM STDIN; ALTER TABLE t RENAME TO u", False)
@example(RETYPED, False)
def test_a_fix_keeps_what_a_file_means(text: str, world: bool) -> None:
    """Findings and edits lie in the text; fixed, it parses to the same, and there is nothing more to fix."""
    check(text, [Source("world.sql", WORLD)] if world else [])


@pytest.mark.long
@pytest.mark.parametrize("width", [1, 2, 3])
def test_no_token_is_taken_for_granted(width: int) -> None:
    """Every real statement with a token or a few left out: where it still parses, all holds as well."""
    statements = {
        "".join(tokens[:at] + tokens[at + width :])
        for tokens in map(tokens_of, SEEDS)
        for at in range(len(tokens))
    }
    assert sum(check(statement) for statement in sorted(statements)) > 100


@pytest.mark.long
@pytest.mark.parametrize("name", ["a.b.c.d", "(a)", "NULL"])
def test_no_name_is_taken_for_granted(name: str) -> None:
    """Every real statement with something else where a token stood: where it still parses, all holds as well."""
    statements = {
        "".join([*tokens[:at], name, *tokens[at + 1 :]])
        for tokens in map(tokens_of, SEEDS)
        for at in range(len(tokens))
    }
    assert sum(check(statement) for statement in sorted(statements)) > 50


def lint(raw: bytes) -> None:
    """Do all that ``lockstep lint --fix`` does with a file, but for reading and writing it."""
    linter = Linter(18, known_rules())
    history = (File("a.sql", Path("a.sql"), raw),)
    ((fixed,),), linted = fixing.fix(linter, [history])
    rest = iter(fixed.raw)
    assert all(byte in rest for byte in raw)  # nothing is taken out
    assert fixing.fix(linter, [(fixed,)])[0] == [(fixed,)]
    report = Report([*linter.lint([history]), *linted], {})
    text_format.render(report, Plain())
    json.dumps([[one.finding.message, one.region.line] for one in report.findings()])


class Plain:
    """A palette without colours."""

    def red(self, text: str, /) -> str:
        """Return *text*."""
        return text

    green = yellow = dim = red


@settings(max_examples=settings().max_examples * 8)
@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.lists(st.sampled_from([*TRICKY.split("|"), *UNPRINTABLE, *SEEDS]), max_size=12).map(
        lambda parts: "".join(parts).encode("utf-8", "surrogateescape")
    )
)
@example(b"\xff\xfe\x00")
def test_any_bytes_are_linted(raw: bytes) -> None:
    """Nothing is raised, whatever a file holds."""
    lint(raw)
