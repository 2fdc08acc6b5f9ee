"""What a difference means to a boot: a table of cases, and the words of the refusal."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.catalog.compare import compare
from lockstep.catalog.schema_lock import write_lock
from lockstep.catalog.snapshot import Snapshot
from lockstep.migrate.drifted import Judged, LastKnown, judge, refusal, remark, repair_command
from lockstep.migrate.expected import Expected
from lockstep.settings import Settings, resolve

SCHEMA = ("schema app {}", "table app.users {}", 'column app.users.id {"type": "integer"}')


def judged(expected: tuple[str, ...], live: tuple[str, ...], role: str = "booter") -> Judged:
    """Compare lines, and judge the differences."""
    return judge(compare(Snapshot(expected), Snapshot(live)), role)


@pytest.mark.parametrize(
    "line",
    [
        "table app.posts {}",
        'index app.i {"columns": [{"column": "id"}], "table": "app.users"}',
        'grant table.app.users.reader {"privileges": ["SELECT"]}',
        'revocation function.app.f."".public {"privileges": ["EXECUTE"]}',
        'extension pg_trgm {"schema": "public"}',
    ],
)
def test_what_is_missing_refuses(line: str) -> None:
    """Objects, indexes, privileges, extensions: a service may need any of them."""
    found = judged((*SCHEMA, line), SCHEMA)
    assert (len(found.refusing), len(found.remarks)) == (1, 0)


@pytest.mark.parametrize(
    ("expected", "live"),
    [
        ('comment table.app.users {"text": "a"}', 'comment table.app.users {"text": "b"}'),
        ('comment table.app.users {"text": "a"}', ""),
        ('default_privilege me.app.tables {"granted": ["SELECT TO x"]}', ""),
        ('grant table.app.users.booter {"privileges": ["SELECT"]}', ""),
        ("", "table app.extra {}"),
        ("", 'constraint app.users.extra {"expression": "(id > 0)", "type": "check"}'),
    ],
)
def test_what_is_only_reported(expected: str, live: str) -> None:
    """Comments, privileges of things to come, grants to who boots, and all that is extra."""
    found = judged((*SCHEMA, *filter(None, [expected])), (*SCHEMA, *filter(None, [live])))
    assert found.refusing == ()
    assert len(found.remarks) == 1


def test_a_partition_that_is_gone_is_only_reported() -> None:
    """With its columns, indexes, constraints, grants and comments; a table of the same name elsewhere is another."""
    parts = (
        'table app.p1 {"bound": "FOR VALUES IN (1)", "partition_of": "app.p"}',
        'column app.p1.id {"inherited": true, "type": "integer"}',
        'index app.p1_i {"columns": [{"column": "id"}], "table": "app.p1"}',
        'constraint app.p1.ck {"expression": "(id > 0)", "type": "check"}',
        'grant table.app.p1.reader {"privileges": ["SELECT"]}',
        'comment table.app.p1 {"text": "p"}',
    )
    other = 'column other.p1.id {"type": "integer"}'
    found = judged((*SCHEMA, *parts, other), SCHEMA)
    assert [each.fact.path for each in found.refusing] == [("other", "p1", "id")]
    assert len(found.remarks) == len(parts)


def test_what_differs_of_a_partition_refuses() -> None:
    """A partition that is there is a table like others."""
    line = 'column app.p1.id {"inherited": true, "type": "integer"}'
    found = judged((*SCHEMA, line), (*SCHEMA, line.replace("integer", "bigint")))
    assert len(found.refusing) == 1


@pytest.fixture
def expected(tmp_path: Path) -> Expected:
    """A lock file of three lines."""
    file = tmp_path / "schema.lock"
    file.write_text(write_lock(Snapshot(SCHEMA)))
    return Expected(file, hashlib.sha256(file.read_bytes()).hexdigest())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a boot on a database that a variable names."""
    return resolve(flags={}, environ={"DATABASE_URL": "dbname=x"}, root=tmp_path)


def test_the_refusal_names_line_and_command(expected: Expected, settings: Settings) -> None:
    """Each problem has its line in the lock file and the file that should have made it; the way on is a command."""
    found = judged(SCHEMA, SCHEMA[:2]).refusing
    known = LastKnown("0007_x.sql", "2026-01-02", "r1", "12345678-0000", "2026-01-01")
    makers = {found[0].fact.key: "0001_users.sql"}
    error = refusal(found, expected, known, settings, applied=0, makers=makers)
    (problem,) = error.problems
    assert str(problem.place) == "schema.lock:4"
    assert problem.next_step == "0001_users.sql should have made it"
    assert error.what == "the schema is not what schema.lock says: 1 missing column"
    assert "0007_x.sql, on 2026-01-02 by release r1 (boot 12345678)" in error.why
    assert error.next_step.startswith('lockstep repair --database "$DATABASE_URL" writes')


def test_a_refusal_of_many_is_cut(expected: Expected, settings: Settings) -> None:
    """The first twenty are shown, the rest are counted; a text without end is cut too."""
    lines = tuple(f'function app.f{n:02}."" {{"body": "{"x" * 999}"}}' for n in range(25))
    found = judged((*SCHEMA, *lines), SCHEMA).refusing
    error = refusal(found, expected, LastKnown(), settings, applied=3, makers={})
    assert len(error.problems) == 21
    assert error.problems[-1].what == "and 5 more"
    assert len(error.problems[0].what) < 500
    assert "25 missing functions" in error.what
    assert "lockstep snapshot" in error.next_step
    assert error.why.startswith("The ledger has no migration.")


def test_the_command_needs_no_address_where_the_embedded_server_is(settings: Settings) -> None:
    """A flag's value may hold a password: it is not repeated."""
    assert repair_command(replace(settings, database=None)) == "lockstep repair"
    given = replace(settings, database_source="--database")
    assert repair_command(given) == "lockstep repair --database URL"


def test_a_remark_shows_the_first_few() -> None:
    """Counted by sort, the most frequent first; nothing to say is no event."""
    extra = tuple(f"table app.t{n} {{}}" for n in range(7))
    event = remark(judged(SCHEMA, (*SCHEMA, *extra)).remarks, "because", harmless=True)
    assert event is not None
    assert event.counts == ("7 extra tables",)
    assert len(event.shown) == 5
    assert remark((), "because", harmless=True) is None
