"""The ledger through its life: what is late, ahead, gone, edited, lost, shared or tampered with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from lockstep.errors import DatabaseAhead, EndStateWrong, HistoryDiverged, MigrationFailed
from lockstep.events import FileApplied, LockObtained, Planned, StepDone
from lockstep.testing import Project, Recorder

if TYPE_CHECKING:
    from tests.system.conftest import Observer

Boot = Callable[..., Recorder]
ITEMS = """
CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);
INSERT INTO items SELECT generate_series(1, 3) ON CONFLICT (id) DO NOTHING;
"""
NAME = "ALTER TABLE items ADD COLUMN IF NOT EXISTS name text;"
PRICE = "ALTER TABLE items ADD COLUMN IF NOT EXISTS price bigint;"
SEED = "INSERT INTO items (id) VALUES (4) ON CONFLICT (id) DO NOTHING;"
COLUMNS = """
SELECT attname::text FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 ORDER BY attnum
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """Two migrations and a seed."""
    project.migration("0001_items.sql", ITEMS)
    project.migration("0003_name.sql", NAME)
    project.seed("0001_more.sql", SEED)
    return project


def applied(recorder: Recorder) -> list[str]:
    """The files that a boot applied."""
    return [event.name for event in recorder.of(FileApplied)]


def took_no_lock(recorder: Recorder) -> bool:
    """True if the boot went by the fast path."""
    skipped = [int(event.step) for event in recorder.of(StepDone) if event.skipped]
    return not recorder.of(LockObtained) and skipped == [2, 3, 4, 5]


def test_a_late_file_is_applied_and_reported(shop: Project, boot: Boot, observer: Observer) -> None:
    """It sorts before one that is applied; both ways of looking say so beforehand, and the boot when it happens."""
    boot()
    shop.migration("0002_price.sql", PRICE)

    status, plan = shop.run("status", "--json", "--exit-code"), shop.run("plan")
    recorder = boot()

    assert (status.status, status.events[0]["late"]) == (3, ["0002_price.sql"])
    assert "late      0002_price.sql (they sort before applied files)" in plan.stdout
    assert recorder.of(Planned)[0].late == ("0002_price.sql",)
    assert applied(recorder) == ["0002_price.sql"]
    assert observer.rows(COLUMNS) == ["id", "name", "price"]
    assert took_no_lock(boot())


def test_an_older_release_runs_on_a_newer_schema(
    shop: Project, boot: Boot, observer: Observer
) -> None:
    """A file that it does not ship came after all of its own: it says so, without a lock, and changes nothing."""
    boot()
    newest = shop.migration("0004_price.sql", PRICE)
    boot()
    newest.unlink()

    recorder = boot()

    assert took_no_lock(recorder)
    assert [event.ahead for event in recorder.of(Planned)] == [("0004_price.sql",)]
    assert observer.rows(COLUMNS) == ["id", "name", "price"]
    assert "database is ahead of this release by 0004_price.sql" in shop.run("up").stderr


def test_an_older_release_refuses_a_breaking_change(shop: Project, boot: Boot) -> None:
    """Under the lock as without it, with 65 and the file's name; the release that ships it runs."""
    boot()
    breaking = shop.migration(
        "0004_drop.sql", "-- lockstep: breaking\nDROP TABLE IF EXISTS items CASCADE;"
    )
    boot()
    assert took_no_lock(boot())
    breaking.unlink()

    for environment in ({}, {"LOCKSTEP_LOCK": "always"}, {"LOCKSTEP_MISSING": "allow"}):
        with pytest.raises(DatabaseAhead) as caught:
            boot(**environment)
        assert "0004_drop.sql was applied on" in caught.value.problems[0].what
    shop.migration("0005_more.sql", "CREATE TABLE IF NOT EXISTS more (id int);")
    refused = shop.run("up", LOCKSTEP_RELEASE="older")
    assert refused.status == 65
    assert "0004_drop.sql was applied on" in refused.stderr
    assert "Deploy the release that ships it" in refused.stderr


def test_a_file_that_is_gone_from_the_middle(shop: Project, boot: Boot, observer: Observer) -> None:
    """It is refused with the two ways out; nothing else runs, until one of them is taken."""
    boot()
    (shop.root / "migrations" / "0001_items.sql").unlink()
    shop.migration("0004_price.sql", PRICE)

    with pytest.raises(HistoryDiverged) as caught:
        boot()
    assert caught.value.problems[0].what.endswith("and is no longer shipped")
    assert observer.rows(COLUMNS) == ["id", "name"]

    assert applied(boot(LOCKSTEP_MISSING="allow")) == ["0004_price.sql"]
    (shop.root / "lockstep.toml").write_text('missing = "allow"')
    recorder = boot()
    assert took_no_lock(recorder)
    assert recorder.of(Planned) == []


def test_edited_and_renamed_files_are_refused(
    shop: Project, boot: Boot, observer: Observer
) -> None:
    """All of them at once, seeds too, with the way back; the boot's record has it, and the database is as it was."""
    boot()
    content = observer.content()
    shop.migration("0001_items.sql", ITEMS + "-- a remark")
    (shop.root / "migrations" / "0003_name.sql").rename(shop.root / "migrations" / "0003_title.sql")
    shop.seed("0001_more.sql", SEED.replace("4", "5"))

    done = shop.run("up", "--json")

    assert (done.status, done.error["code"]) == (65, "LS402")
    assert [problem["where"] for problem in done.error["problems"]] == [
        "migrations/0001_items.sql",
        "seeds/0001_more.sql",
        "migrations/0003_title.sql",
    ]
    assert done.error["problems"][2]["next"].startswith("Rename it back to 0003_name.sql")
    assert observer.content() == content
    assert observer.outcomes() == ["completed", "refused"]


def test_line_ends_do_not_make_another_file(shop: Project, boot: Boot) -> None:
    """A checkout on Windows is the same release."""
    boot()
    for path in (shop.root / "migrations").iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert took_no_lock(boot())


@pytest.mark.parametrize("directive", ["repeatable", "repair"])
def test_a_repeatable_file_runs_again_when_its_text_changes(
    shop: Project, boot: Boot, observer: Observer, directive: str
) -> None:
    """And only then; it keeps its place in the order, so that nothing after it is taken for a newer release's."""
    text = f"-- lockstep: {directive}\nCREATE OR REPLACE VIEW names AS SELECT id, 1 AS number FROM items;"
    shop.migration("0002_view.sql", text)
    assert applied(boot()) == ["0001_items.sql", "0002_view.sql", "0003_name.sql", "0001_more.sql"]
    assert took_no_lock(boot())

    shop.migration("0002_view.sql", text.replace("1 AS", "2 AS"))
    recorder = boot()

    assert applied(recorder) == ["0002_view.sql"]
    assert recorder.of(Planned)[0].late == ()
    assert observer.value("SELECT DISTINCT number FROM names") == 2
    assert took_no_lock(boot())


def test_a_lost_ledger_converges(shop: Project, boot: Boot, observer: Observer) -> None:
    """Every file runs again on what is there, and says so; not a row is lost, and the next boot has nothing to do."""
    boot()
    observer.rows("INSERT INTO items VALUES (7, 'mine')")
    content = observer.content()
    observer.rows("DROP SCHEMA lockstep CASCADE")

    recorder = boot()

    assert recorder.of(Planned)[0].history_lost
    assert applied(recorder) == ["0001_items.sql", "0003_name.sql", "0001_more.sql"]
    assert observer.content() == content
    assert took_no_lock(boot())


def test_lost_rows_of_the_ledger_converge(shop: Project, boot: Boot, observer: Observer) -> None:
    """What is not recorded runs again; what is, does not."""
    boot()
    content = observer.content()
    observer.rows("DELETE FROM lockstep.ledger WHERE name <> '0003_name.sql'")

    recorder = boot()

    assert applied(recorder) == ["0001_items.sql", "0001_more.sql"]
    assert recorder.of(Planned)[0].late == ("0001_items.sql",)
    assert not recorder.of(Planned)[0].history_lost
    assert observer.content() == content


def test_two_applications_share_a_database(shop: Project, boot: Boot, observer: Observer) -> None:
    """Each has its own ledger under its own name; neither is ahead of the other, and neither lost a history."""
    boot(LOCKSTEP_APP="shop")
    for path in (shop.root / "migrations").iterdir():
        path.unlink()
    shop.migration("0001_items.sql", "CREATE TABLE IF NOT EXISTS posts (id int);")

    recorder = boot(LOCKSTEP_APP="forum")

    (planned,) = recorder.of(Planned)
    assert (planned.late, planned.ahead, planned.history_lost) == ((), (), False)
    assert applied(recorder) == ["0001_items.sql", "0001_more.sql"]
    assert observer.rows("SELECT app, count(*) FROM lockstep.ledger GROUP BY app ORDER BY app") == [
        ("forum", 2),
        ("shop", 3),
    ]
    assert took_no_lock(boot(LOCKSTEP_APP="forum"))


def test_seeds_of_development_stay_there(shop: Project, boot: Boot, observer: Observer) -> None:
    """Production neither runs them nor misses them where they ran."""
    shop.seed(
        "0002_demo.sql",
        "-- lockstep: only development\nINSERT INTO items (id) VALUES (99) ON CONFLICT (id) DO NOTHING;",
    )
    boot(LOCKSTEP_ENV="production")
    assert observer.rows("SELECT id FROM items ORDER BY id") == [1, 2, 3, 4]
    assert took_no_lock(boot(LOCKSTEP_ENV="production"))

    assert applied(boot()) == ["0002_demo.sql"]
    assert took_no_lock(boot())
    assert took_no_lock(boot(LOCKSTEP_ENV="production"))


def test_a_seed_and_its_row_are_one(shop: Project, boot: Boot, observer: Observer) -> None:
    """A seed that fails leaves neither rows nor its record; corrected, it runs once."""
    shop.seed(
        "0002_bad.sql",
        "INSERT INTO items (id) VALUES (5) ON CONFLICT (id) DO NOTHING;\nSELECT 1 / 0;",
    )
    with pytest.raises(MigrationFailed) as caught:
        boot()
    assert caught.value.where == "seeds/0002_bad.sql:2:1"
    assert observer.rows("SELECT name FROM lockstep.ledger WHERE kind = 'seed'") == [
        "0001_more.sql"
    ]
    assert observer.rows("SELECT id FROM items WHERE id > 3") == [4]

    shop.seed("0002_bad.sql", "INSERT INTO items (id) VALUES (5) ON CONFLICT (id) DO NOTHING;")
    assert applied(boot()) == ["0002_bad.sql"]
    assert took_no_lock(boot())


TAMPERING = {
    "another's row": "DELETE FROM lockstep.ledger WHERE name = '0001_items.sql';",
    "all rows": "DELETE FROM lockstep.ledger;",
    "a checksum": "UPDATE lockstep.ledger SET checksum = 'x' WHERE name = '0001_items.sql';",
    "its own row": """
        CREATE OR REPLACE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE OR REPLACE TRIGGER nothing BEFORE INSERT ON lockstep.ledger FOR EACH ROW EXECUTE FUNCTION nothing();
    """,
    "the table": "DROP TABLE IF EXISTS lockstep.ledger;",
    "the schema": "DROP SCHEMA IF EXISTS lockstep CASCADE;",
    "the schema, without a transaction": "-- lockstep: no-transaction\nDROP SCHEMA IF EXISTS lockstep CASCADE;",
    "its own row, later": """
        CREATE OR REPLACE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN DELETE FROM lockstep.ledger WHERE name = NEW.name; RETURN NULL; END';
        DROP TRIGGER IF EXISTS gone ON lockstep.ledger;
        CREATE CONSTRAINT TRIGGER gone AFTER INSERT ON lockstep.ledger INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION gone();
    """,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["migration", "seed"])
@pytest.mark.parametrize("text", TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_found(shop: Project, boot: Boot, kind: str, text: str) -> None:
    """A file that changes the ledger never makes a boot that says that all is well."""
    (shop.seed if kind == "seed" else shop.migration)("0009_tampers.sql", text)
    with pytest.raises((EndStateWrong, MigrationFailed)) as caught:
        boot()
    if isinstance(caught.value, EndStateWrong):
        assert caught.value.exit_status == 70
        assert "Take statements on schema lockstep out of the files" in caught.value.next_step
    if isinstance(caught.value, MigrationFailed):
        assert "0009_tampers.sql" in caught.value.what


def test_what_was_tampered_with_is_repaired_by_the_next_start(
    shop: Project, boot: Boot, observer: Observer
) -> None:
    """The files are idempotent: what is no longer recorded runs again, and then all is as it should be."""
    boot()
    content = observer.content()
    tampering = shop.migration("0009_tampers.sql", TAMPERING["another's row"])
    with pytest.raises(EndStateWrong):
        boot()
    tampering.unlink()
    observer.rows("DELETE FROM lockstep.ledger WHERE name = '0009_tampers.sql'")

    assert applied(boot()) == ["0001_items.sql"]
    assert observer.content() == content
