"""What runs and what is refused before anything runs: the text of files, examined."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.errors import FilesRejected, Place, Problem
from lockstep.migrate.files import File, Shipped, checksum_of
from lockstep.migrate.lawful import examine_pending
from lockstep.migrate.script import Script, examine
from lockstep.postgres.doctor import Facts
from lockstep.sql.parser import GRAMMAR_VERSION

FACTS = Facts(
    backend_pid=1,
    database="shop",
    role="shop",
    server_version=GRAMMAR_VERSION * 10000,
    standby=False,
    read_only=False,
    may_create_schema=True,
    schema="public",
    may_create_table=True,
    search_path="public",
    server_started=datetime(2026, 1, 1, tzinfo=UTC),
    has_ledger=False,
    settings_made=None,
)
NO_TRANSACTION = "-- lockstep: no-transaction\n"


def file_of(text: str | bytes, name: str = "0001_a.sql") -> File:
    """Make a file as it would be read."""
    raw = text if isinstance(text, bytes) else text.encode()
    return File("migration", name, Path("migrations"), raw, checksum_of(raw))


def script_of(text: str | bytes) -> Script:
    """Examine a text that is fit to run."""
    script, problems = examine(file_of(text), GRAMMAR_VERSION)
    assert script is not None, problems
    return script


def refused(text: str | bytes, major: int = GRAMMAR_VERSION) -> list[tuple[str, str, str]]:
    """Return place, problem and next step of all that is wrong with a text."""
    script, problems = examine(file_of(text), major)
    assert script is None
    return [_said(problem) for problem in problems]


def _said(problem: Problem) -> tuple[str, str, str]:
    place = str(problem.place).removeprefix("migrations/0001_a.sql").removeprefix(":")
    return place, problem.what, problem.next_step


NO_BOM = "Save it as UTF-8 without BOM."
NUL = "Remove it; in a bytea literal write it as '\\x00'."


@pytest.mark.parametrize(
    ("raw", "place", "what", "next_step"),
    [
        (b"\xef\xbb\xbfSELECT 1;", "1:1", "begins with a byte order mark", NO_BOM),
        ("SELECT 1;".encode("utf-16"), "1:1", "is UTF-16", NO_BOM),
        ("SELECT 1;".encode("utf-16-le"), "1:1", "is UTF-16", NO_BOM),
        ("SELECT 1;".encode("utf-16-be"), "1:1", "is UTF-16", NO_BOM),
        (b"SELECT\r\n'\xc3\xbc\0'", "2:3", "holds a NUL byte, which SQL text cannot", NUL),
        (b"-- \xc3\xbc\n'caf\xe9'", "2:5", "is not UTF-8: byte 0xe9", "Save it as UTF-8."),
        (b"'\xed\xa0\x80'", "1:2", "is not UTF-8: byte 0xed", "Save it as UTF-8."),
    ],
)
def test_bytes_that_are_no_text(raw: bytes, place: str, what: str, next_step: str) -> None:
    """Each is named with its line and its column, counted in characters."""
    assert refused(raw) == [(place, what, next_step)]


@pytest.mark.parametrize("text", ["", "\n\n", "-- why\n/* not yet */", ";;\n;", NO_TRANSACTION])
def test_a_file_without_a_statement_is_refused(text: str) -> None:
    """It would be applied for ever without having done anything."""
    assert refused(text) == [("", "holds no statement", "Write one, or remove the file.")]


GRAMMAR = f"Correct it (grammar of PostgreSQL {GRAMMAR_VERSION})."
TEMPLATE = "It looks like a template: files run as they are, so ship what it renders to."


@pytest.mark.parametrize(
    ("text", "place", "what", "next_step"),
    [
        ("SELECT 'ü', FROM t;", "1:13", 'syntax error at or near "FROM"', GRAMMAR),
        ("\t\tSELECT 1 2;", "1:12", 'syntax error at or near "2"', GRAMMAR),
        ("CREATE TABLE x (\n\n  ", "1:17", "syntax error at end of input", GRAMMAR),
        ("SELECT 1;\n/* open", "2:1", 'unterminated /* comment at or near "/* open"', GRAMMAR),
        (
            "SELECT '\nopen",
            "1:8",
            'unterminated quoted string at or near "\' open"',
            GRAMMAR,
        ),
        (
            "DO $x$ $$",
            "1:4",
            'unterminated dollar-quoted string at or near "$x$ $$"',
            GRAMMAR,
        ),
        ("SELECT {{ n }};", "1:8", 'syntax error at or near "{"', TEMPLATE),
        ("SELECT 1\nFROM ${T};", "2:6", 'syntax error at or near "$"', TEMPLATE),
        ("{% if x %}\nSELECT 1;", "1:1", 'syntax error at or near "{"', TEMPLATE),
    ],
)
def test_what_is_no_sql(text: str, place: str, what: str, next_step: str) -> None:
    """Where the grammar stumbles, or where the text ends too early."""
    assert refused(text) == [(place, what, next_step)]


@pytest.mark.parametrize(
    ("text", "place", "command"),
    [
        ("\\echo hello\nSELECT 1;", "1:1", "\\echo"),
        ("SELECT 1;\n  \\i other.sql", "2:3", "\\i"),
        ("\\copy t FROM 'x.csv'", "1:1", "\\copy"),
        ("SELECT 1 \\gset", "1:10", "\\gset"),
        ("\\.\n", "1:1", "\\."),
    ],
)
def test_commands_of_psql(text: str, place: str, command: str) -> None:
    """Named as what they are."""
    what = f"{command} is a command of psql: only SQL runs here"
    assert [found[:2] for found in refused(text)] == [(place, what)]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("SELECT 1;\nCOPY t FROM STDIN;", "2:1", "COPY ... FROM STDIN"),
        (
            "SELECT 1;\n  COPY t (a, b) FROM stdin;\n1\tüx\n2\tb\n\\.\n\nSELECT 2;",
            "2:3",
            "COPY ... FROM STDIN",
        ),
        ("COPY t FROM STDIN WITH (FORMAT csv);\nupdate,1\n\\.\n", "1:1", "COPY ... FROM STDIN"),
        ("COPY t FROM STDIN;\n\\.\n", "1:1", "COPY ... FROM STDIN"),
        ("COPY (SELECT 1) TO STDOUT;", "1:1", "COPY ... TO STDOUT"),
    ],
)
def test_copy_through_the_client(text: str, place: str, words: str) -> None:
    """The statement is named, not the rows that the grammar stumbles over."""
    ((found, what, next_step),) = refused(text)
    assert (found, what) == (place, f"{words} needs a client that sends or takes the rows")
    assert next_step == "Write the rows as INSERT ... VALUES ... ON CONFLICT (key) DO NOTHING."


def test_a_mistake_far_below_a_copy_is_not_blamed_on_it() -> None:
    """Only what stands where the rows would."""
    places = [found[:2] for found in refused("-- no COPY x FROM STDIN;\n\nSELECT 1;\nSELEC 2;")]
    assert places == [("4:1", 'syntax error at or near "SELEC"')]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("BEGIN;\nSELECT 1;\nCOMMIT;", ["1:1 BEGIN", "3:1 COMMIT"]),
        ("START TRANSACTION; END;", ["1:1 START TRANSACTION", "1:20 COMMIT"]),
        ("SELECT 1; ROLLBACK;", ["1:11 ROLLBACK"]),
        ("SELECT 'ü'; PREPARE TRANSACTION 'x'", ["1:13 PREPARE TRANSACTION"]),
    ],
)
def test_the_file_is_the_transaction(text: str, places: list[str]) -> None:
    """What begins or ends one is refused; the way out is shown."""
    found = refused(text)
    assert [f"{place} {what.split(' inside')[0]}" for place, what, _ in found] == places
    assert {what.split(": ")[1] for _, what, _ in found} == {"the file is the transaction"}
    alone = refused(NO_TRANSACTION + text)
    assert {what.split(": ")[1] for _, what, _ in alone} == {"each statement runs on its own"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("VACUUM;", "VACUUM cannot run inside a transaction"),
        (
            "CREATE INDEX CONCURRENTLY i ON t (c);",
            "CREATE INDEX CONCURRENTLY cannot run inside a transaction",
        ),
        ("DISCARD ALL;", "DISCARD ALL releases the boot lock"),
        (
            NO_TRANSACTION + "CREATE INDEX CONCURRENTLY ON t (c);",
            "a concurrent index without a name cannot be found again after a crash",
        ),
        (NO_TRANSACTION + "DISCARD ALL;", "DISCARD ALL releases the boot lock"),
    ],
)
def test_statements_that_cannot_run_there(text: str, what: str) -> None:
    """Known before they run."""
    ((_, found, next_step),) = refused(text)
    assert found == what
    assert next_step


FINE = [
    "SELECT 1",
    "SELECT 1 -- the end",
    "SELECT 1;\n-- the end",
    "SELECT 1;\r\n",
    "-- mac\rSELECT 1;\r",
    ";;SELECT 1;;\n;",
    "SAVEPOINT a; SELECT 1; ROLLBACK TO a; RELEASE a",
    "SELECT '%', '%s', '{}', '{0}', '%(a)s', '\\d', 'BEGIN; COMMIT;'",
    'CREATE TABLE "größe 日本" ("%" int)',
    "DO $$ BEGIN COMMIT; END $$",
    "COPY t FROM '/srv/rows.csv'",
    NO_TRANSACTION + "VACUUM; CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (c); DISCARD TEMP",
]


@pytest.mark.parametrize("text", FINE)
def test_what_is_fine_runs_as_it_is(text: str) -> None:
    """Nothing is replaced in the text but CRLF."""
    assert script_of(text).text == text.replace("\r\n", "\n")


@given(st.lists(st.sampled_from(FINE[:6]), min_size=1, max_size=3), st.sampled_from(["\n", "\r\n"]))
def test_statements_are_where_the_text_has_them(texts: list[str], newline: str) -> None:
    """The offsets that errors are mapped with lead to the statements, also in files with CRLF."""
    script = script_of(newline.join(f"{text}\n;" for text in texts))
    assert [s.text.split(" --")[0] for s in script.statements] == ["SELECT 1"] * len(texts)
    assert all(script.text[s.offset :].startswith(s.text) for s in script.statements)


def test_all_problems_of_all_files_at_once() -> None:
    """Header, syntax and judgement; the refusal counts them, and a file without any is not in it."""
    files = [
        file_of("-- lockstep: braking\nBEGIN;\nVACUUM;", "0001_a.sql"),
        file_of("SELECT 1;", "0002_b.sql"),
        file_of("-- lockstep: lock-timeout never\nSELEC 1;", "0003_c.sql"),
        file_of(b"\xff", "0004_d.sql"),
    ]
    with pytest.raises(FilesRejected) as caught:
        examine_pending(Shipped(tuple(files)), files, FACTS)
    assert caught.value.what == "3 files cannot be run as they are (6 problems)"
    assert [
        str(problem.place).removeprefix("migrations/") for problem in caught.value.problems
    ] == [
        "0001_a.sql:1:1",
        "0001_a.sql:2:1",
        "0001_a.sql:3:1",
        "0003_c.sql:1:1",
        "0003_c.sql:2:1",
        "0004_d.sql:1:1",
    ]
    assert all(
        isinstance(problem.place, Place) and problem.place.excerpt.count("^") == 1
        for problem in caught.value.problems
    )


def test_a_newer_server_is_asked_what_the_grammar_does_not_know() -> None:
    """Its text runs as one; transaction control at the beginning of a line is found all the same."""
    script, problems = examine(file_of("FROBNICATE TABLE t;"), GRAMMAR_VERSION + 1)
    assert problems == []
    assert script is not None
    assert [statement.text for statement in script.statements] == ["FROBNICATE TABLE t;"]
    ((_, what, _),) = refused("FROBNICATE TABLE t;\ncommit work;\n", GRAMMAR_VERSION + 1)
    assert what == "COMMIT inside a file: the file is the transaction"


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("ALTER TABLE t VALIDATE CONSTRAINT c", True),
        ("ALTER TABLE t VALIDATE CONSTRAINT c; SELECT 1", False),
    ],
)
def test_validation_alone_is_known(text: str, only: bool) -> None:
    """Such a file may wait: nobody waits behind it."""
    assert script_of(text).only_validates is only
