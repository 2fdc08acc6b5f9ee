"""What the migrations add up to is made by running them, roles included."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from lockstep.errors import ConfigurationWrong, FilesRejected, MigrationFailed
from lockstep.migrate.files import Shipped, read_shipped
from lockstep.scratch import migrated, scratch_server
from lockstep.settings import Settings, resolve

GRANTED = "CREATE TABLE IF NOT EXISTS granted (); GRANT SELECT ON granted TO {role};"
CONDITIONAL = """DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'a reader') THEN
        CREATE TABLE IF NOT EXISTS for_the_reader ();
    END IF;
END $$;"""


def tables(conninfo: str) -> set[str]:
    """Return the names of all tables in schema public."""
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {str(row[0]) for row in rows}


def shipped(settings: Settings, **files: str) -> Shipped:
    """Write migrations and read them as a boot does."""
    settings.migrations.mkdir(exist_ok=True)
    for name, text in files.items():
        (settings.migrations / f"{name}.sql").write_text(text)
    return read_shipped(settings.migrations, settings.seeds, settings.environment)


def test_the_history_runs_to_its_end_or_to_a_file(settings: Settings) -> None:
    """All files run in their order, those without a transaction too, or as many as are asked for; seeds do not."""
    settings.seeds.mkdir()
    (settings.seeds / "0001_a.sql").write_text("CREATE TABLE IF NOT EXISTS seeded ();")
    history = shipped(
        settings,
        m1="CREATE TABLE IF NOT EXISTS one (id int);",
        m2="-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON one (id);",
        m3="CREATE TABLE IF NOT EXISTS three ();",
    )
    with scratch_server(settings) as scratch:
        assert tables(migrated(scratch, history)) == {"one", "three"}
        assert tables(migrated(scratch, history, upto="m2.sql")) == {"one"}
        with pytest.raises(ConfigurationWrong, match=r"no migration .m4\.sql"):
            migrated(scratch, history, upto="m4.sql")


def test_repair_files_are_no_part_of_what_the_history_adds_up_to(settings: Settings) -> None:
    """A repair that was written when there was a table does not bring it back after a migration that drops it."""
    history = shipped(
        settings,
        m1="CREATE TABLE IF NOT EXISTS one ();",
        m2="DROP TABLE IF EXISTS one; CREATE TABLE IF NOT EXISTS two ();",
        m9="-- lockstep: repair\nCREATE TABLE IF NOT EXISTS one ();",
    )
    with scratch_server(settings) as scratch:
        assert tables(migrated(scratch, history)) == {"two"}


def test_files_are_judged_as_at_a_boot(settings: Settings) -> None:
    """What cannot run twice is refused, unless the setting says to report it."""
    history = shipped(settings, m1="CREATE TABLE plain ();")
    with scratch_server(settings) as scratch, pytest.raises(FilesRejected):
        migrated(scratch, history)
    with scratch_server(replace(settings, lint="report")) as scratch:
        assert tables(migrated(scratch, history)) == {"plain"}


def test_a_failing_file_is_named(settings: Settings) -> None:
    """What the server says comes with file and line."""
    history = shipped(settings, m1="CREATE TABLE IF NOT EXISTS t (id int REFERENCES nowhere);")
    with scratch_server(settings) as scratch, pytest.raises(MigrationFailed) as failed:
        migrated(scratch, history)
    assert failed.value.where.startswith("migrations/m1.sql:1")


def test_a_role_that_a_given_server_lacks_is_asked_for(settings: Settings) -> None:
    """On somebody's server no role is made: the error names it, the file, and the statement that makes it."""
    history = shipped(settings, m1=GRANTED.format(role='"no such role"'))
    with scratch_server(settings) as scratch, pytest.raises(ConfigurationWrong) as refused:
        migrated(scratch, history)
    assert "no role 'no such role'" in refused.value.what
    assert refused.value.where.startswith("migrations/m1.sql:1")
    assert 'CREATE ROLE "no such role" NOLOGIN;' in refused.value.next_step


def test_a_role_that_the_setting_names_is_asked_for(settings: Settings) -> None:
    """Roles of the setting must be on a given server before anything runs."""
    settings = replace(settings, scratch_roles=("no such role",))
    with scratch_server(settings) as scratch, pytest.raises(ConfigurationWrong) as refused:
        migrated(scratch, shipped(settings))
    assert "no role 'no such role'" in refused.value.what


@pytest.mark.long
def test_roles_are_made_on_a_server_of_our_own(tmp_path: Path) -> None:
    """A role that only a later file needs is there for the earlier ones too, in the first run as in the second."""
    settings = resolve(flags={}, environ={}, root=tmp_path)
    history = shipped(settings, m1=CONDITIONAL, m2=GRANTED.format(role='"a reader"'))
    for _ in range(2):
        with scratch_server(settings) as scratch:
            assert tables(migrated(scratch, history)) == {"granted", "for_the_reader"}
    with scratch_server(replace(settings, scratch_roles=("a reader",))) as scratch:
        assert tables(migrated(scratch, history, upto="m1.sql")) == {"for_the_reader"}
    history = shipped(settings, m3="CREATE EXTENSION IF NOT EXISTS no_such_extension;")
    with scratch_server(settings) as scratch, pytest.raises(MigrationFailed) as failed:
        migrated(scratch, history)
    assert "--scratch URL" in failed.value.next_step
