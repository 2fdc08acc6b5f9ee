"""What the doctor sees on a connection, what it refuses, and whether the cure that it names cures."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.embedded import start
from lockstep.errors import DatabaseReadOnly, LockstepError, PrivilegeMissing, ServerTooOld
from lockstep.interrupt import Interrupt
from lockstep.postgres.doctor import Facts, diagnose
from lockstep.postgres.opening import Opened, open_session
from lockstep.testing import Project, Recorder

Run = Callable[..., None]
LEDGER = "CREATE TABLE IF NOT EXISTS one (id bigint);"


def facts(**changes: object) -> Facts:
    """A server on which a boot may go on, but for the *changes*."""
    fit: dict[str, object] = {
        "backend_pid": 1,
        "database": "shop",
        "role": "app",
        "server_version": 180006,
        "standby": False,
        "read_only": False,
        "may_create_schema": True,
        "schema": "public",
        "may_create_table": True,
        "search_path": '"$user", public',
        "server_started": datetime(2026, 1, 1, tzinfo=UTC),
        "has_ledger": False,
        "user_tables": 0,
        "settings_made": None,
        "read_only_source": None,
        "may_use_ledger": True,
    }
    return Facts(**{**fit, **changes})  # type: ignore[arg-type]


def examined(conninfo: str) -> Opened:
    """Open a boot's session on *conninfo* and close it, or raise what the boot would refuse."""
    opened = open_session(
        conninfo,
        source="DATABASE_URL",
        application_name="lockstep:test:connect",
        wait=5.0,
        interrupt=Interrupt(),
        report=Recorder(),
    )
    opened.session.close()
    return opened


def refusal(conninfo: str) -> LockstepError:
    """Return what the boot refuses on *conninfo*."""
    with pytest.raises(LockstepError) as refused:
        examined(conninfo)
    return refused.value


@pytest.fixture
def run(database: str) -> Iterator[Run]:
    """Run statements as the superuser; ``{role}`` and ``{database}`` in them are the test's, quoted."""
    names = {"role": 'ordinary "role"', "database": str(conninfo_to_dict(database)["dbname"])}
    with psycopg.connect(database, autocommit=True) as admin:
        names["role"] += names["database"]

        def execute(*statements: str) -> None:
            for statement in statements:
                quoted = {key: sql.Identifier(name) for key, name in names.items()}
                admin.execute(sql.SQL(statement).format(**quoted))  # type: ignore[arg-type]

        yield execute


@pytest.fixture
def ordinary(database: str, run: Run) -> Iterator[str]:
    """Connect as a role without any privilege, whose name needs quoting."""
    run("CREATE ROLE {role} LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    yield make_conninfo(
        database, user='ordinary "role"' + str(conninfo_to_dict(database)["dbname"])
    )
    run("REASSIGN OWNED BY {role} TO CURRENT_USER", "DROP OWNED BY {role}", "DROP ROLE {role}")


def execute_cure(database: str, refused: LockstepError) -> None:
    """Run, as the superuser, the statements that the message says to run."""
    statements = re.findall(r"(?:GRANT|ALTER) [^;]*;", refused.next_step)
    assert statements, refused.next_step
    with psycopg.connect(database, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)


def test_a_fit_server_is_let_pass() -> None:
    """None of what follows is refused by accident."""
    assert diagnose(facts()) is None


@pytest.mark.parametrize(
    ("version", "shown"), [(120022, "12.22"), (90624, "9.624"), (130000, None), (190000, None)]
)
def test_a_server_older_than_13_is_refused(version: int, shown: str | None) -> None:
    """Exit 78, with its version; 13 and what comes later may pass."""
    refused = diagnose(facts(server_version=version))

    if shown is None:
        assert refused is None
    else:
        assert isinstance(refused, ServerTooOld)
        assert refused.exit_status == 78
        assert f"PostgreSQL {shown}; Lockstep needs 13 or newer" in refused.what


def test_a_ledger_that_is_there_needs_no_privilege_to_make_schemas() -> None:
    """The grant may be taken away after the first boot."""
    assert diagnose(facts(may_create_schema=False, has_ledger=True)) is None


def test_every_missing_privilege_is_named_at_once() -> None:
    """One refusal, not one a deploy; names are quoted as SQL needs them."""
    refused = diagnose(
        facts(may_create_schema=False, may_create_table=False, schema='a"b', role="we ird")
    )

    assert isinstance(refused, PrivilegeMissing)
    assert refused.next_step.splitlines() == [
        'As the database\'s owner: GRANT CREATE ON DATABASE "shop" TO "we ird";',
        'As the schema\'s owner: GRANT CREATE ON SCHEMA "a""b" TO "we ird";',
    ]
    assert refused.what.count("may not create") == 1


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("granted", "said"),
    [
        (["GRANT CREATE ON DATABASE {database} TO {role}"], "create tables in schema 'public'"),
        (["GRANT CREATE ON SCHEMA public TO {role}"], "create schemas in database"),
        ([], "nor create tables in schema 'public'"),
    ],
    ids=["no CREATE on the schema", "no CREATE on the database", "neither"],
)
def test_the_grant_that_is_named_cures(
    granted: list[str], said: str, ordinary: str, database: str, run: Run, project: Project
) -> None:
    """A boot refuses with 77 and the GRANT; once that is executed, it goes through."""
    run(*granted)
    project.migration("0001_one.sql", LEDGER)

    refused = refusal(ordinary)

    assert (type(refused), refused.exit_status) == (PrivilegeMissing, 77)
    assert said in refused.what
    execute_cure(database, refused)
    done = project.run("up", LOCKSTEP_DATABASE_URL=ordinary)
    assert done.status == 0, done.stderr


def test_a_ledger_of_another_role_is_refused_with_the_grants_for_it(
    ordinary: str, database: str, run: Run, project: Project
) -> None:
    """Who takes over an application needs its bookkeeping too."""
    project.migration("0001_one.sql", LEDGER)
    assert project.run("up").status == 0
    run("GRANT CREATE ON SCHEMA public TO {role}")
    project.migration("0002_two.sql", "CREATE TABLE IF NOT EXISTS two (id bigint);")

    refused = project.run("up", "--json", LOCKSTEP_DATABASE_URL=ordinary)

    assert (refused.status, refused.error["code"]) == (77, PrivilegeMissing.code)
    execute_cure(database, refusal(ordinary))
    done = project.run("up", "--json", LOCKSTEP_DATABASE_URL=ordinary)
    assert (done.status, done.names("FileApplied")) == (0, ["0002_two.sql"])


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("ALTER ROLE {role} SET default_transaction_read_only = on", "the role (ALTER ROLE)"),
        ("ALTER DATABASE {database} SET default_transaction_read_only = on", "the database"),
        (
            "ALTER ROLE {role} IN DATABASE {database} SET default_transaction_read_only = on",
            "the role in this database",
        ),
    ],
    ids=["role", "database", "role in database"],
)
def test_read_only_by_default_is_refused_with_what_made_it_so(
    statement: str, reason: str, ordinary: str, database: str, run: Run
) -> None:
    """Exit 77; the statement that is named makes the connection writable again."""
    run("GRANT CREATE ON DATABASE {database} TO {role}", "GRANT CREATE ON SCHEMA public TO {role}")
    run(statement)

    refused = refusal(ordinary)

    assert (type(refused), refused.exit_status) == (DatabaseReadOnly, 77)
    assert "default_transaction_read_only is on" in refused.what
    assert f"set for {reason}" in refused.why
    with psycopg.connect(database, options="-c default_transaction_read_only=off") as admin:
        for cure in re.findall(r"ALTER [^;]*;", refused.next_step):
            admin.execute(cure)
    examined(ordinary)


def test_read_only_by_the_connection_string_is_refused(database: str) -> None:
    """What the options of the connection say, no ALTER ROLE can undo; the message says where to look."""
    refused = refusal(make_conninfo(database, options="-c default_transaction_read_only=on"))

    assert isinstance(refused, DatabaseReadOnly)
    assert "this connection (its options)" in refused.why
    assert "options" in refused.next_step


@contextmanager
def standby() -> Iterator[str]:
    """Run a real standby (of nobody: it replays what there is, and waits for more)."""
    root = Path(tempfile.mkdtemp(prefix="lockstep-standby-"))
    try:
        with start(root, durable=False) as primary:
            data = primary.directory / "data"
        (data / "standby.signal").touch()
        with start(root, durable=False) as cluster:
            yield cluster.conninfo()
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.mark.long
def test_a_standby_is_refused(project: Project) -> None:
    """Exit 77: it is not waited for, and nothing is tried on it."""
    project.migration("0001_one.sql", LEDGER)

    with standby() as conninfo:
        ended = project.run("up", LOCKSTEP_DATABASE_URL=conninfo)

    assert ended.status == 77, ended.stderr
    assert "the server is a standby" in ended.stderr
    assert "target_session_attrs=read-write" in ended.stderr


@pytest.mark.parametrize("path", ["nowhere", "''"], ids=["of a schema that is not there", "empty"])
def test_a_search_path_without_a_schema_fails_with_advice(
    path: str, ordinary: str, run: Run, project: Project
) -> None:
    """The files may make or name the schema themselves: so it is no refusal, but what fails says why."""
    run("GRANT CREATE ON DATABASE {database} TO {role}")
    run(f"ALTER ROLE {{role}} SET search_path = {path}")
    project.migration("0001_one.sql", LEDGER)

    failed = project.run("up", "--json", LOCKSTEP_DATABASE_URL=ordinary)
    project.migration(
        "0001_one.sql",
        f"CREATE SCHEMA IF NOT EXISTS nowhere; {LEDGER.replace('one', 'nowhere.one')}",
    )
    done = project.run("up", LOCKSTEP_DATABASE_URL=ordinary)

    assert (failed.status, failed.error["error"]) == (70, "MigrationFailed")
    assert "search_path" in failed.error["next"]
    assert done.status == 0, done.stderr


def test_what_the_role_is_limited_to_does_not_end_the_boot(
    ordinary: str, run: Run, project: Project
) -> None:
    """Time-outs that protect a server from an application's queries are not for its migrations."""
    run("GRANT CREATE ON DATABASE {database} TO {role}", "GRANT CREATE ON SCHEMA public TO {role}")
    limits = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
    run(*(f"ALTER ROLE {{role}} SET {limit} = '150ms'" for limit in limits))
    project.migration("0001_slow.sql", f"SELECT pg_sleep(0.3); {LEDGER}")
    project.migration(
        "0002_slow.sql",
        "-- lockstep: no-transaction\nSELECT pg_sleep(0.3);\nCREATE INDEX CONCURRENTLY IF NOT EXISTS one_id ON one (id);",
    )

    done = project.run("up", LOCKSTEP_DATABASE_URL=ordinary)

    assert done.status == 0, done.stderr
