"""A no-transaction file whose boot is killed at any of its statements: the next start goes on where the journal ends.

What can share a transaction with its journal row runs exactly once, though nothing guards it here; about what cannot, the
catalog is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from lockstep.errors import DatabaseUnreachable, EndStateWrong, MigrationFailed
from lockstep.events import FileApplied, StatementDone
from lockstep.testing import Project, Recorder

if TYPE_CHECKING:
    from tests.system.conftest import Beside, Launched, Observer

    Launch = Callable[..., Launched]
    Boot = Callable[..., Recorder]
    BootBeside = Callable[..., Beside]
    Undisturbed = Callable[[], list[str]]

HEADER = "-- lockstep: no-transaction\n-- lockstep: lock-timeout none\n"
GATE = "SELECT pg_advisory_xact_lock({});\n"
ITEMS = "CREATE TABLE IF NOT EXISTS items (id bigint, name text);"
ONCE = "-- lockstep: ignore insert because a second run must be seen"
INDEX = "CREATE INDEX CONCURRENTLY IF NOT EXISTS items_id_idx ON items (id);"
WRITING = "LOCK TABLE items IN ROW EXCLUSIVE MODE"
FAILS = "".join(
    f"-- lockstep: ignore {rule} because it is to fail\n"
    for rule in ("create-index", "drop-object", "partition")
)
JOURNALING = "LOCK TABLE lockstep.journal IN EXCLUSIVE MODE"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_id_idx'::regclass"
STATEMENTS = (
    ITEMS,
    f"INSERT INTO items SELECT n, 'unguarded' FROM generate_series(1, 3) AS n; {ONCE}",
    INDEX,
    f"DO $$ BEGIN INSERT INTO items VALUES (4, 'unguarded too'); END $$; {ONCE}",
    "SET search_path = public;",
    f"INSERT INTO items VALUES (5, 'last'); {ONCE}",
)
GATES = len(STATEMENTS) + 1
SETS_SESSION = STATEMENTS.index("SET search_path = public;") + 1


@pytest.fixture
def file(project: Project) -> None:
    """One file with a gate before, between and after all its statements, each of them a statement itself."""
    text = HEADER + GATE.format(1)
    for number, statement in enumerate(STATEMENTS, start=2):
        text += f"{statement}\n{GATE.format(number)}"
    project.migration("0001_items.sql", text)


def outcomes(recorder: Recorder) -> list[str]:
    """Return what became of each statement."""
    return [done.outcome for done in recorder.of(StatementDone)]


def expected(gate: int) -> list[str]:
    """Return what becomes of each statement when the boot before ended at *gate*: SET runs anew, for the new session."""
    before = ["found done"] * (2 * (gate - 1))
    found = before + ["done"] * (2 * GATES - 1 - len(before))
    found[2 * SETS_SESSION - 1] = "done"
    return found


@pytest.mark.sampled(3)
@pytest.mark.parametrize("gate", range(1, GATES + 1))
def test_killed_between_any_two_statements(
    file: None,
    launch: Launch,
    boot: Boot,
    undisturbed: Undisturbed,
    observer: Observer,
    gate: int,
) -> None:
    """What is done stays done and is not run again; the rest is run."""
    observer.shut(gate)
    launched = launch()
    backend = observer.at_gate(gate)
    launched.kill()
    observer.terminate(backend)
    observer.open(gate)

    assert outcomes(boot()) == expected(gate)

    assert observer.content() == undisturbed()
    observer.until_quiet()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("gate", range(1, GATES + 1))
def test_cut_off_between_any_two_statements(
    file: None,
    boot_beside: BootBeside,
    boot: Boot,
    undisturbed: Undisturbed,
    observer: Observer,
    gate: int,
) -> None:
    """The same when the server ends the session: the boot says that the connection was lost."""
    observer.shut(gate)
    beside = boot_beside()
    observer.terminate(observer.at_gate(gate))
    assert isinstance(beside.error(), DatabaseUnreachable)
    observer.open(gate)

    assert outcomes(boot()) == expected(gate)

    assert observer.content() == undisturbed()
    observer.until_quiet()


@pytest.mark.sampled(4)
@pytest.mark.parametrize("number", [n for n in range(1, 2 * GATES) if n != 2 * SETS_SESSION])
def test_cut_off_while_a_statement_is_journaled(
    file: None,
    boot_beside: BootBeside,
    boot: Boot,
    undisturbed: Undisturbed,
    observer: Observer,
    number: int,
) -> None:
    """A statement whose row is not written has not happened: its transaction is gone, or it had not begun."""
    observer.shut(1)
    beside = boot_beside()
    observer.at_gate(1)
    # Whoever inserts the same key waits for the end of the transaction that did so first.
    with observer.holding(
        "INSERT INTO lockstep.journal (app, kind, name, statement, fingerprint, state)"
        f" VALUES ('default', 'migration', '0001_items.sql', {number}, '', 'done')"
    ):
        observer.open(1)
        observer.terminate(observer.waiting_for("transactionid"))
        assert isinstance(beside.error(), DatabaseUnreachable)

    boot()

    assert observer.content() == undisturbed()


def test_killed_while_the_file_is_recorded(
    file: None, launch: Launch, boot: Boot, undisturbed: Undisturbed, observer: Observer
) -> None:
    """All statements are found done, and only the record is made."""
    observer.shut(GATES)
    launched = launch()
    observer.at_gate(GATES)
    with observer.holding("LOCK TABLE lockstep.ledger IN EXCLUSIVE MODE"):
        observer.open(GATES)
        backend = observer.waiting_for("lockstep.ledger")
        launched.kill()
        observer.terminate(backend)

    assert outcomes(boot()) == [*expected(GATES)[:-1], "found done"]

    assert observer.content() == undisturbed()


@pytest.fixture
def indexed(project: Project, boot: Boot) -> None:
    """A table with rows, and a file still to run that builds an index on it concurrently."""
    project.migration(
        "0001_items.sql", f"{ITEMS} INSERT INTO items VALUES (1, 'one'), (2, 'two'); {ONCE}"
    )
    boot()
    project.migration(
        "0002_index.sql", f"{HEADER}{INDEX}\nINSERT INTO items VALUES (3, 'after'); {ONCE}"
    )


def test_killed_while_an_index_is_built_concurrently(
    indexed: None, launch: Launch, boot: Boot, undisturbed: Undisturbed, observer: Observer
) -> None:
    """The index that is left INVALID is found, dropped and built again."""
    with observer.holding(WRITING):
        launched = launch()
        backend = observer.waiting_for("virtualxid")
        launched.kill()
        observer.terminate(backend)
    assert observer.value(VALID) is False

    assert outcomes(boot()) == ["rebuilt", "done"]

    assert observer.value(VALID) is True
    assert observer.content() == undisturbed()


def test_killed_between_a_build_and_its_outcome(
    indexed: None, launch: Launch, boot: Boot, undisturbed: Undisturbed, observer: Observer
) -> None:
    """The index is there and valid, only the journal does not know yet: it is not built twice."""
    with ExitStack() as journal:
        with observer.holding(WRITING):
            launched = launch()
            observer.waiting_for("virtualxid")
            journal.enter_context(observer.holding(JOURNALING))
        backend = observer.waiting_for("lockstep.journal")
        launched.kill()
        observer.terminate(backend)
    built = observer.value("SELECT 'items_id_idx'::regclass::oid")

    assert outcomes(boot()) == ["found done", "done"]

    assert observer.value("SELECT 'items_id_idx'::regclass::oid") == built
    assert observer.content() == undisturbed()


def test_an_index_that_somebody_left_invalid_is_rebuilt(
    indexed: None, boot: Boot, undisturbed: Undisturbed, observer: Observer
) -> None:
    """Also where no journal tells of it, as after the loss of the ledger: IF NOT EXISTS would take it for the index."""
    observer.rows("CREATE INDEX items_id_idx ON items (id)")
    observer.rows(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'items_id_idx'::regclass"
    )

    assert outcomes(boot()) == ["rebuilt", "done"]

    assert observer.content() == undisturbed()


def test_duplicates_fail_a_unique_index_until_they_are_gone(
    project: Project, observer: Observer, boot: Boot
) -> None:
    """Each start fails with a clear message; the invalid index never counts; with the data put right it is rebuilt."""
    project.migration(
        "0001_items.sql", f"{ITEMS} INSERT INTO items VALUES (1, 'one'), (1, 'uno'); {ONCE}"
    )
    project.migration("0002_unique.sql", f"{HEADER}{INDEX.replace('INDEX', 'UNIQUE INDEX', 1)}")

    first, second = project.run("up", "--json"), project.run("up", "--json")

    for failed in (first, second):
        assert failed.status == 70
        assert failed.error["code"] == "LS501"
        assert "could not create unique index" in failed.error["what"]
        assert failed.error["where"] == "migrations/0002_unique.sql:3:1"
        assert "Key (id)=(1) is duplicated" in failed.error["why"]
    assert observer.value(VALID) is False
    observer.rows("DELETE FROM items WHERE name = 'uno'")
    assert outcomes(boot()) == ["rebuilt"]
    assert observer.value(VALID) is True


def test_an_index_of_that_name_on_another_table_is_not_the_index(
    project: Project, boot: Boot, observer: Observer
) -> None:
    """IF NOT EXISTS looks at the name alone; the boot looks at the table too, at every start."""
    observer.rows("CREATE TABLE other (id bigint)")
    observer.rows("CREATE INDEX items_id_idx ON other (id)")
    project.migration("0001_index.sql", f"{HEADER}{ITEMS}\n{INDEX}")
    for _ in range(2):
        with pytest.raises(EndStateWrong, match="items_id_idx"):
            boot()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP INDEX CONCURRENTLY items_nmae_idx;",
        "CREATE INDEX CONCURRENTLY items_name_idx ON items (id);",
        "ALTER TABLE parted DETACH PARTITION part CONCURRENTLY;",
        "VACUUM nothing;",
        "CALL nothing();",
    ],
)
def test_a_statement_that_failed_fails_again(
    project: Project, boot: Boot, observer: Observer, statement: str
) -> None:
    """The server has refused it: the next start must not take it for interrupted, and find it done."""
    if "DETACH" in statement and int(observer.value("SHOW server_version_num")) < 140000:
        pytest.skip("DETACH PARTITION CONCURRENTLY came with PostgreSQL 14")
    observer.rows("CREATE TABLE items (id bigint, name text)")
    observer.rows("CREATE INDEX items_name_idx ON items (name)")
    observer.rows("CREATE TABLE parted (id bigint) PARTITION BY LIST (id)")
    observer.rows("CREATE TABLE part (id bigint)")
    project.migration("0001_statement.sql", HEADER + FAILS + statement)
    for _ in range(2):
        with pytest.raises(MigrationFailed) as failed:
            boot()
        assert failed.value.sqlstate in {"42704", "42P07", "42P01", "42883"}


def test_a_corrected_file_continues_at_the_statement_that_failed(
    project: Project, boot: Boot, observer: Observer
) -> None:
    """What was done before it stays done and is not run again, though comments around it changed."""
    project.migration(
        "0001_items.sql",
        f"{HEADER}{ITEMS}\nINSERT INTO items VALUES (1, 'once'); {ONCE}\n"
        f"INSERT INTO itmes VALUES (2, 'two'); {ONCE}\n{INDEX}",
    )
    with pytest.raises(MigrationFailed, match="itmes") as failed:
        boot()
    assert failed.value.where == "migrations/0001_items.sql:5:13"
    assert "the next start continues at this one" in failed.value.next_step

    project.migration(
        "0001_items.sql",
        f"{HEADER}-- The second line\n{ITEMS} /* of */\n-- had a typo.\nINSERT INTO items VALUES (1, 'once'); {ONCE}\n"
        f"INSERT INTO items VALUES (2, 'two'); {ONCE}\n{INDEX}",
    )

    assert outcomes(boot()) == ["found done", "found done", "done", "done"]
    assert observer.rows("SELECT name FROM items ORDER BY id") == ["once", "two"]


def test_an_edited_file_runs_again_from_the_edit_on(
    project: Project, boot: Boot, observer: Observer
) -> None:
    """What stood behind the edit was done after something else, so that it is done again."""
    statements = [
        ITEMS,
        f"INSERT INTO items VALUES (1, 'one'); {ONCE}",
        f"INSERT INTO items VALUES (2, 'two'); {ONCE}",
    ]
    project.migration("0001_items.sql", HEADER + "\n".join([*statements, "SELECT 1 / 0;"]))
    with pytest.raises(MigrationFailed):
        boot()
    statements[1] = f"INSERT INTO items VALUES (1, 'uno'); {ONCE}"
    project.migration("0001_items.sql", HEADER + "\n".join(statements))

    edited = boot()

    assert outcomes(edited) == ["found done", "done", "done"]
    assert len(edited.of(FileApplied)) == 1
    assert observer.rows("SELECT name FROM items ORDER BY id, name") == ["one", "uno", "two", "two"]
    assert observer.rows("TABLE lockstep.journal") == []
