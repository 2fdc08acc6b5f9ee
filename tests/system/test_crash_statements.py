"""Statements of no-transaction files, cut off in their middle and after their end: each is completed once.

Whoever holds a lock on what such a statement works on holds it in its middle; whoever holds the journal holds the boot
between the end of the statement and the note of its outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from lockstep.errors import DatabaseUnreachable, MigrationFailed
from lockstep.events import StatementDone
from lockstep.testing import Project, Recorder

if TYPE_CHECKING:
    from tests.system.conftest import Beside, Observer

    Boot = Callable[..., Recorder]
    BootBeside = Callable[..., Beside]
    Undisturbed = Callable[[], list[str]]

HEADER = "-- lockstep: no-transaction\n-- lockstep: lock-timeout none\n"
CUT_OFF = "".join(
    f"-- lockstep: ignore {rule} because it is cut off, and must run once\n"
    for rule in ("create-index", "drop-object", "partition", "insert")
)
JOURNALING = "LOCK TABLE lockstep.journal IN EXCLUSIVE MODE"
READING, WRITING = "LOCK TABLE {} IN ACCESS SHARE MODE", "LOCK TABLE {} IN ROW EXCLUSIVE MODE"
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1"
ALONE = "LOCK TABLE items IN EXCLUSIVE MODE"
SECOND_ROW = "SELECT FROM items WHERE id = 2 FOR UPDATE"
IN_TWO_STEPS = """
BEGIN
    UPDATE items SET name = 'first' WHERE id = 1;
    COMMIT;
    UPDATE items SET name = 'second' WHERE id = 2;
    COMMIT;
END"""
SETUP = f"""
CREATE TABLE IF NOT EXISTS items (id bigint, name text);
INSERT INTO items VALUES (1, 'one'), (2, 'two'); -- lockstep: ignore insert because it must run once
CREATE INDEX IF NOT EXISTS items_name_idx ON items (name);
CREATE TABLE IF NOT EXISTS parted (id bigint) PARTITION BY LIST (id);
CREATE TABLE IF NOT EXISTS part PARTITION OF parted FOR VALUES IN (1);
CREATE INDEX IF NOT EXISTS parted_id_idx ON parted (id);
INSERT INTO parted VALUES (1); -- lockstep: ignore insert because it must run once
CREATE OR REPLACE PROCEDURE in_two_steps() LANGUAGE plpgsql AS $${IN_TWO_STEPS}$$;
"""


class Case(NamedTuple):
    """A statement, what holds it in its middle, and what the next start says after each of the two cuts."""

    statement: str
    hold: str
    after_middle: str
    after_end: str


CASES = {
    "create index": Case(
        "CREATE UNIQUE INDEX CONCURRENTLY items_id_idx ON items (id)",
        WRITING.format("items"),
        "rebuilt",
        "found done",
    ),
    "drop index": Case(
        "DROP INDEX CONCURRENTLY items_name_idx", READING.format("items"), "done", "found done"
    ),
    "reindex index": Case(
        "REINDEX INDEX CONCURRENTLY items_name_idx", WRITING.format("items"), "rebuilt", "done"
    ),
    "reindex table": Case(
        "REINDEX TABLE CONCURRENTLY public.items", WRITING.format("items"), "rebuilt", "done"
    ),
    "reindex partitions": Case("REINDEX TABLE CONCURRENTLY parted", SNAPSHOT, "rebuilt", "done"),
    "reindex schema": Case(
        "REINDEX SCHEMA CONCURRENTLY public", WRITING.format("items"), "rebuilt", "done"
    ),
    "detach partition": Case(
        "ALTER TABLE parted DETACH PARTITION part CONCURRENTLY",
        READING.format("parted"),
        "rebuilt",
        "found done",
    ),
    "insert": Case("INSERT INTO items VALUES (4, 'insert')", ALONE, "done", "done"),
    "do": Case("DO $$ BEGIN INSERT INTO items VALUES (4, 'do'); END $$", ALONE, "done", "done"),
    "vacuum": Case(
        "VACUUM items", "LOCK TABLE items IN SHARE UPDATE EXCLUSIVE MODE", "done", "done"
    ),
    "call": Case("CALL in_two_steps()", SECOND_ROW, "done", "done"),
    "do that commits": Case(f"DO $${IN_TWO_STEPS}$$", SECOND_ROW, "done", "done"),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, project: Project, boot: Boot, observer: Observer) -> Case:
    """A statement in a file that is still to run, with an unguarded one behind it."""
    case = CASES[request.param]
    if "part" in case.statement and int(observer.value("SHOW server_version_num")) < 140000:
        pytest.skip("PostgreSQL 13 does nothing to partitions concurrently")
    project.migration("0001_setup.sql", SETUP)
    boot()
    project.migration(
        "0002_statement.sql",
        f"{HEADER}{CUT_OFF}{case.statement};\n{CUT_OFF}INSERT INTO items VALUES (3, 'after');",
    )
    return case


def outcomes(recorder: Recorder) -> list[str]:
    """Return what became of each statement."""
    return [done.outcome for done in recorder.of(StatementDone)]


@pytest.mark.sampled(4)
def test_cut_off_in_its_middle(
    case: Case, boot_beside: BootBeside, boot: Boot, undisturbed: Undisturbed, observer: Observer
) -> None:
    """What is half done is cleared away, or brought to its end."""
    with observer.holding(case.hold):
        beside = boot_beside()
        observer.terminate(observer.waiting_for())
        assert isinstance(beside.error(), DatabaseUnreachable)

    assert outcomes(boot()) == [case.after_middle, "done"]

    assert observer.content() == undisturbed()


@pytest.mark.sampled(4)
def test_cut_off_before_its_outcome_is_noted(
    case: Case, boot_beside: BootBeside, boot: Boot, undisturbed: Undisturbed, observer: Observer
) -> None:
    """What can be seen to be done is not done again; what cannot, and may run again by its nature, is."""
    with ExitStack() as journal:
        with observer.holding(case.hold):
            beside = boot_beside()
            observer.waiting_for()
            journal.enter_context(observer.holding(JOURNALING))
        observer.terminate(observer.waiting_for("lockstep.journal"))
        assert isinstance(beside.error(), DatabaseUnreachable)

    assert outcomes(boot()) == [case.after_end, "done"]

    assert observer.content() == undisturbed()


def test_the_journal_is_kept_whatever_role_a_file_takes(
    project: Project, boot: Boot, observer: Observer
) -> None:
    """A role that may not touch the ledger runs the statements; the boot's own keeps the journal."""
    role = "lockstep_test_" + observer.value("SELECT current_database()")
    observer.rows(f"CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}")
    project.migration(
        "0001_as_another.sql",
        f"{HEADER}SET ROLE {role};\nCREATE TABLE IF NOT EXISTS things (id bigint);\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS things_id_idx ON things (id);\nSELECT 1 / 0;",
    )
    with pytest.raises(MigrationFailed, match="division by zero"):
        boot()
    text = (project.root / "migrations" / "0001_as_another.sql").read_text()
    project.migration("0001_as_another.sql", text.replace("1 / 0", "1 / 1"))

    assert outcomes(boot()) == ["done", "found done", "found done", "done"]

    owners = observer.rows(
        "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relname LIKE 'things%'"
    )
    observer.rows(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert owners == [role]


def test_what_only_the_server_knows_to_need_no_transaction_gets_none(
    project: Project, boot: Boot, observer: Observer
) -> None:
    """REINDEX of a partitioned table is refused in a transaction block: it is journaled before and after instead."""
    if int(observer.value("SHOW server_version_num")) < 140000:
        pytest.skip("PostgreSQL 13 cannot do it at all")
    project.migration("0001_setup.sql", SETUP)
    project.migration("0002_reindex.sql", f"{HEADER}REINDEX TABLE parted;")

    assert outcomes(boot()) == ["done"]


def test_what_a_file_sets_is_set_again_for_the_rest_of_it(
    project: Project, boot_beside: BootBeside, boot: Boot, observer: Observer
) -> None:
    """A new session knows nothing of the SET in the part that is done."""
    project.migration(
        "0001_side.sql",
        f"{HEADER}CREATE SCHEMA IF NOT EXISTS side;\nSET search_path = side;\n"
        "SELECT pg_advisory_xact_lock(1);\nCREATE TABLE IF NOT EXISTS things (id bigint);\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS things_id_idx ON things (id);",
    )
    observer.shut(1)
    beside = boot_beside()
    observer.terminate(observer.at_gate(1))
    assert isinstance(beside.error(), DatabaseUnreachable)
    observer.open(1)

    assert outcomes(boot()) == ["found done", "done", "done", "done", "done"]

    assert observer.rows(
        "SELECT schemaname, tablename, indexname FROM pg_indexes WHERE schemaname = 'side'"
    ) == [("side", "things", "things_id_idx")]
