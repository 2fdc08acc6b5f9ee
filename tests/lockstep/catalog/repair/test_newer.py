"""What the same migrations leave behind on newer servers only: told and repaired there, and no difference to any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.lockstep.catalog.repair.conftest import Patient

from lockstep.catalog.compare import compare
from lockstep.catalog.fact import TOLD_SINCE
from lockstep.catalog.schema_lock import read_lock, write_lock
from lockstep.catalog.snapshot import Snapshot, read_snapshot
from lockstep.postgres.session import Session

TABLES = """CREATE TABLE t (a int, b int); CREATE TABLE p (a int NOT NULL); CREATE TABLE c (b int) INHERITS (p);
    GRANT SELECT ON t TO rich_reader"""
IN_PART = "GRANT ALL ON t TO rich_reader; REVOKE UPDATE, INSERT, TRIGGER ON t FROM rich_reader"
NAMED = "ALTER TABLE t ALTER a DROP NOT NULL, ADD CONSTRAINT chosen NOT NULL a"
OWN = "ALTER TABLE c ALTER a SET NOT NULL"
TOLD = [
    (17, IN_PART, "maintain table.public.t.rich_reader {}"),
    (18, NAMED, 'not_null public.t.a {"name": "chosen"}'),
    (18, OWN, 'not_null public.c.a {"own": true}'),
]

pytestmark = pytest.mark.usefixtures("rich_roles")


@pytest.fixture
def major(session: Session) -> int:
    """The server's version."""
    return session.server_version // 10000


def _newer(snapshot: Snapshot) -> list[str]:
    return [line for line in snapshot.lines if line.partition(" ")[0] in TOLD_SINCE]


@pytest.mark.parametrize(("since", "sql", "line"), TOLD)
def test_it_is_told_where_the_server_keeps_it(
    session: Session, major: int, since: int, sql: str, line: str
) -> None:
    """A line of its own says it; the fingerprint is that of servers that keep no such thing."""
    if major < since and sql == NAMED:
        pytest.skip(f"PostgreSQL {since} brought the statement")
    session.script(TABLES)
    assert _newer(read_snapshot(session)) == []
    session.script(sql)
    read = read_snapshot(session)
    assert _newer(read) == ([line] if major >= since else [])
    older = Snapshot((one for one in read.lines if one != line), since - 1)
    assert (older.fingerprint, compare(read, older).differences) == (read.fingerprint, ())
    assert compare(older, read).differences == ()


@pytest.mark.parametrize(
    "given", ["GRANT ALL ON t TO rich_reader", "ALTER TABLE t ALTER a SET NOT NULL"]
)
def test_what_every_server_says_in_its_own_way_has_no_line(session: Session, given: str) -> None:
    """All privileges are those that there are; and a name of the server's own is none, also once the table has another."""
    session.script(f"{TABLES}; {given}; ALTER TABLE t RENAME TO renamed")
    assert _newer(read_snapshot(session)) == []


@pytest.mark.parametrize(("since", "sql", "line"), TOLD)
def test_a_repair_brings_it_and_takes_it_away(
    between: Callable[[str, str], Patient], major: int, since: int, sql: str, line: str
) -> None:
    """It comes where it is missing, goes where it is too much and may be dropped, and then nothing is done any more."""
    if major < since:
        pytest.skip(f"PostgreSQL {since} keeps it")
    grants = "; REVOKE ALL ON t FROM rich_reader; GRANT SELECT ON t TO rich_reader"
    patient = between(TABLES, f"{TABLES}; {sql}")
    files = patient.repair()
    assert patient.names() == set()
    assert line in read_snapshot(patient.session).lines
    patient.assert_idle(files)
    away = between(f"{TABLES}; {sql}", TABLES + grants)
    files = away.repair(drop=["all"])
    assert away.names() == set()
    away.assert_idle(files)


def test_who_loses_a_part_of_all_loses_maintain(
    between: Callable[[str, str], Patient], major: int
) -> None:
    """GRANT ALL gave it, and no line said so: it goes with the rest, and comes back with it."""
    everything, some = f"{TABLES}; GRANT ALL ON t TO rich_reader", TABLES
    query = "SELECT count(*) FROM pg_class, aclexplode(relacl) WHERE relname = 't' AND privilege_type = 'MAINTAIN' AND grantee <> relowner"
    for before, after in ((everything, some), (some, everything)):
        patient = between(before, after)
        patient.repair(drop=["all"])
        assert patient.drift() == []
        assert patient.rows(query) == [(int(major >= 17 and after == everything),)]


def test_a_name_is_not_changed_under_children(
    between: Callable[[str, str], Patient], major: int
) -> None:
    """Theirs may have other names, and then PostgreSQL renames none: that is told, with nothing done."""
    if major < 18:
        pytest.skip("PostgreSQL 18 keeps names")
    named = TABLES.replace("a int NOT NULL", "a int CONSTRAINT chosen NOT NULL")
    patient = between(TABLES, named)
    (left,) = patient.plan().left
    assert (left.name, left.need) == ("not_null public.p.a", "never")
    assert patient.repair() == {}


def test_a_lock_file_carries_it_outside_of_its_fingerprint(
    session: Session, tmp_path: Path
) -> None:
    """A lock file that has such lines is compared by them, one without is not; both have the fingerprint of any server."""
    session.script(f"{TABLES}; {IN_PART}; {OWN}")
    live = read_snapshot(session)
    plain = Snapshot(line for line in live.lines if line not in _newer(live))
    texts = [write_lock(snapshot) for snapshot in (live, plain)]
    assert texts[0].splitlines()[0] == texts[1].splitlines()[0]
    (file := tmp_path / "schema.lock").write_text(texts[0])
    bare = Snapshot(plain.lines, live.major)
    missing = [one.name for one in compare(read_lock(file), bare).differences]
    assert missing == [line.rpartition(" {")[0] for line in sorted(_newer(live), reverse=True)]
    file.write_text(texts[1])
    assert compare(read_lock(file), live).differences == ()
