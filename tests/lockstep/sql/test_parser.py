"""The grammar's port: statements with their places in characters, errors with theirs."""

from __future__ import annotations

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.sql import parser
from lockstep.sql.parser import NotParsed, Statement, opaque, parse

STATEMENTS = {
    "SELECT 1": "SelectStmt",
    "SELECT 'a;b', $$c;d$$, \"e;f\" -- g;h": "SelectStmt",
    "INSERT INTO größe VALUES ('日本', E'\\'')": "InsertStmt",
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (c)": "IndexStmt",
    "DO $x$ BEGIN /* ; */ PERFORM 1; END $x$": "DoStmt",
    "BEGIN": "TransactionStmt",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END": "CreateFunctionStmt",
    "CREATE RULE r AS ON INSERT TO t DO INSTEAD (SELECT 1; SELECT 2)": "RuleStmt",
}
BLANKS = st.lists(
    st.sampled_from([" ", "\n", "\t", ";", "-- ü; 'x\n", "/* é; /* ; */ */", "\r\n"]), max_size=4
).map("".join)
FILES = st.lists(st.tuples(BLANKS, st.sampled_from(list(STATEMENTS))), max_size=6)


@pytest.mark.parametrize("large", [False, True], ids=["whole", "one by one"])
@given(pieces=FILES, end=BLANKS)
def test_statements_are_where_they_say(
    large: bool, pieces: list[tuple[str, str]], end: str
) -> None:
    """Whatever stands between them: text, kind, and an offset at which the text begins; both ways of parsing agree."""
    text = "".join(f"{blank}{statement}\n;" for blank, statement in pieces) + end
    found = list(parser._parse_singly(text, text.encode())) if large else parse(text)
    assert [(s.text, s.kind) for s in found] == [(s, STATEMENTS[s]) for _, s in pieces]
    assert all(text[s.offset :].startswith(s.text) for s in found)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_with_a_place(text: str) -> None:
    """Nothing else happens, and the place lies in the text."""
    text = text.replace("\0", "")
    try:
        found = parse(text)
    except NotParsed as error:
        assert 0 <= error.offset <= len(text)  # noqa: PT017
    else:
        assert all(text[s.offset :].startswith(s.text) for s in found)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("SELECT 'äöü', FROM t", "FROM"),
        ("-- ünï\nSELECT 1;\nSELEC 2", "SELEC"),
        ("SELECT 'ü'; SELECT 'open", "'open"),
        ("/* é */ DO $$ BEGIN", "$$"),
        ("SELECT 1; /* ö", "/* ö"),
        ("SELECT (", ""),
    ],
)
def test_an_error_is_where_the_grammar_stumbles(text: str, at: str) -> None:
    """In characters, not bytes; at the end of the text where something is missing there."""
    with pytest.raises(NotParsed) as caught:
        parse(text)
    assert text[caught.value.offset :].startswith(at)
    assert bool(at) == (caught.value.offset < len(text))


def test_the_tree_is_that_of_libpg_query() -> None:
    """The fields that the rules read are there."""
    (statement,) = parse("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON s.t (c)")
    assert statement.tree["idxname"] == "i"
    assert statement.tree["relation"]["schemaname"] == "s"


@pytest.mark.parametrize("prefix", ["SELECT ", "CREATE VIEW v AS SELECT "])
def test_nesting_deeper_than_python_reads_is_parsed_all_the_same(prefix: str) -> None:
    """A long concatenation is one level per operator; what stands beside it keeps its tree."""
    text = prefix + " || ".join(["'a'"] * 3000) + "; VACUUM (FULL) t"
    deep, shallow = parse(text)
    assert (deep.kind, deep.tree) == ("ViewStmt" if "VIEW" in prefix else "SelectStmt", {})
    assert shallow.tree["is_vacuumcmd"]


@pytest.mark.long
def test_ten_megabytes_take_little_memory() -> None:
    """The tree of a dump takes a hundred times its size: rows are not read into it, other statements are."""
    row = "INSERT INTO größe (id, name) VALUES (1, 'Ärger; with \"quotes\"') ON CONFLICT DO NOTHING;\n"
    text = row * 110_000 + "CREATE INDEX CONCURRENTLY i ON t (c);"
    assert len(text.encode()) > 10_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    found = parse(text)

    assert len(found) == 110_001
    assert found[70_000].offset == 70_000 * len(row)
    assert (found[-1].kind, found[-1].tree["concurrent"]) == ("IndexStmt", True)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024


def test_text_of_a_newer_server_is_one_statement() -> None:
    """Unsplit, without kind or tree."""
    assert opaque("FROBNICATE; x") == [Statement(0, "FROBNICATE; x", "", {})]
