"""Scratch databases are made beside others, are alone, and are gone afterwards: also after a kill."""

from __future__ import annotations

import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.errors import ConfigurationWrong, PrivilegeMissing
from lockstep.scratch import scratch_server
from lockstep.settings import Settings, resolve
from lockstep.testing import Server, until

OWNER = """
import sys
from pathlib import Path
from lockstep.scratch import scratch_server
from lockstep.settings import resolve
settings = resolve(flags={"scratch": sys.argv[1], "database": "host=nowhere"}, environ={"LOCKSTEP_APP": sys.argv[2]}, root=Path("/"))
with scratch_server(settings) as scratch:
    print(scratch.create(), flush=True)
    sys.stdin.read()
"""


def name_of(conninfo: str) -> str:
    """Return the database of a connection string."""
    return str(conninfo_to_dict(conninfo)["dbname"])


def exists(cluster: Server, name: str) -> bool:
    """Return whether there is such a database."""
    with psycopg.connect(cluster.conninfo()) as connection:
        query = "SELECT FROM pg_database WHERE datname = %s"
        return connection.execute(query, [name]).rowcount == 1


def run(conninfo: str, statement: str) -> list[tuple[object, ...]]:
    """Run one statement in a database and return its rows."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def killed(cluster: Server) -> str:
    """The name of a scratch database whose owner was killed."""
    app = f"killed-{secrets.token_hex(4)}"
    command = [sys.executable, "-c", OWNER, cluster.conninfo(), app]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        name = name_of(process.stdout.readline().strip())
        assert exists(cluster, name)
        process.kill()
    query = f"SELECT FROM pg_stat_activity WHERE application_name = 'lockstep:{app}:scratch'"
    until(lambda: not run(cluster.conninfo(), query), what="the end of the owner's session")
    return name


def test_databases_are_alone_and_gone_afterwards(settings: Settings, cluster: Server) -> None:
    """What is made in one is not in another; the end of the block drops them, whoever is connected."""
    with scratch_server(settings) as scratch:
        one, other = scratch.create(), scratch.create()
        run(one, "CREATE TABLE made_here ()")
        assert run(other, "SELECT to_regclass('made_here')") == [(None,)]
        forgotten = psycopg.connect(other)
    forgotten.close()
    assert not any(exists(cluster, name_of(each)) for each in (one, other))


def test_a_template_is_prepared_once_and_copied(settings: Settings) -> None:
    """Every copy holds what was prepared; the same key prepares nothing again."""
    calls: list[str] = []

    def prepare(conninfo: str) -> None:
        calls.append(conninfo)
        run(conninfo, "CREATE TABLE prepared ()")

    with scratch_server(settings) as scratch:
        copies = [scratch.create(scratch.template("key", prepare)) for _ in range(2)]
        assert [run(copy, "SELECT count(*) FROM prepared") for copy in copies] == [[(0,)]] * 2
    assert len(calls) == 1


def test_a_copy_has_the_settings_of_its_template(settings: Settings) -> None:
    """What ALTER DATABASE ... SET said of the one holds for the other, also for one role, lists and quotes included."""
    with scratch_server(settings) as scratch:
        template = scratch.create()
        name = sql.Identifier(name_of(template)).as_string()
        for value in ('search_path = app, "Odd, one"', "application_name = 'it''s'"):
            run(template, f"ALTER DATABASE {name} SET {value}")
        run(template, f"ALTER ROLE CURRENT_USER IN DATABASE {name} SET work_mem = '77kB'")
        copy = scratch.create(scratch.create(template))
        shown = [
            run(copy, f"SHOW {each}") for each in ("search_path", "application_name", "work_mem")
        ]
        assert shown == [[('app, "Odd, one"',)], [("it's",)], [("77kB",)]]


def test_a_failed_preparation_keeps_nothing(settings: Settings, cluster: Server) -> None:
    """What prepare left half-made is dropped, and the next call begins anew."""
    seen: list[str] = []

    def fail(conninfo: str) -> None:
        seen.append(name_of(conninfo))
        raise RuntimeError("half-made")

    with scratch_server(settings) as scratch:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="half-made"):
                scratch.template("key", fail)
        assert not any(exists(cluster, name) for name in seen)
    assert len(set(seen)) == 2


def test_a_database_can_be_dropped_before_the_end(settings: Settings, cluster: Server) -> None:
    """Dropping needs nobody's leave, and touches no database but its own."""
    with scratch_server(settings) as scratch:
        kept, dropped = scratch.create(), scratch.create()
        with psycopg.connect(dropped):
            scratch.drop(dropped)
        assert [exists(cluster, name_of(each)) for each in (kept, dropped)] == [True, False]
        with pytest.raises(ValueError, match="not a scratch database"):
            scratch.drop(settings.database or "")


def test_what_a_killed_run_left_is_dropped(
    settings: Settings, cluster: Server, killed: str
) -> None:
    """The next owner drops a dead one's databases, and none of a living one's."""
    with scratch_server(settings) as living:
        mine = name_of(living.create())
        with scratch_server(settings):
            assert exists(cluster, mine)
    assert not exists(cluster, killed)


def test_a_leftover_that_is_used_is_left(settings: Settings, cluster: Server, killed: str) -> None:
    """Whoever looks at a leftover keeps it, and nobody waits for them."""
    with psycopg.connect(cluster.conninfo(killed)), scratch_server(settings):
        assert exists(cluster, killed)
    with scratch_server(settings):
        assert not exists(cluster, killed)


def test_many_at_once(settings: Settings, cluster: Server) -> None:
    """Several threads of several owners make databases at the same time, each its own."""

    def work(_: int) -> list[str]:
        with scratch_server(settings) as scratch, ThreadPoolExecutor(2) as pool:
            return [name_of(each) for each in pool.map(lambda _: scratch.create(), range(2))]

    with ThreadPoolExecutor(3) as pool:
        names = [name for found in pool.map(work, range(3)) for name in found]
    assert len(set(names)) == 6
    assert not any(exists(cluster, name) for name in names)


def test_the_target_is_no_scratch_server(settings: Settings) -> None:
    """The database that is booted on is refused; another database of its server is not."""
    with (
        pytest.raises(ConfigurationWrong, match="same database"),
        scratch_server(settings, settings.database),
    ):
        pass


def test_a_role_that_may_not_make_databases_is_refused(settings: Settings, cluster: Server) -> None:
    """The refusal holds the statement that allows it."""
    role = f"poor_{name_of(settings.database or '')}"
    run(cluster.conninfo(), f"CREATE ROLE {role} LOGIN")
    try:
        with (
            pytest.raises(PrivilegeMissing) as refused,
            scratch_server(settings, make_conninfo(cluster.conninfo(), user=role)),
        ):
            pass
    finally:
        run(cluster.conninfo(), f"DROP ROLE {role}")
    assert refused.value.next_step == f'As a superuser: ALTER ROLE "{role}" CREATEDB;'


def test_the_embedded_server_is_quick_and_forgets_roles(tmp_path: Path) -> None:
    """Without a server named, one of our own serves, without fsync; roles of earlier users are not there."""
    settings = resolve(flags={}, environ={}, root=tmp_path)
    with scratch_server(settings) as scratch:
        assert scratch.embedded
        made = scratch.create()
        scratch.create_role("a role")
        scratch.create_role("a role")
        assert scratch.missing_roles(["a role", "another"]) == ["another"]
        run(made, 'CREATE TABLE t (); GRANT SELECT ON t TO "a role"')
        assert run(made, "SHOW fsync") == [("off",)]
        with scratch_server(settings) as other:
            assert other.missing_roles(["a role"]) == []
    with scratch_server(settings) as scratch:
        assert scratch.missing_roles(["a role"]) == ["a role"]
    assert {path.name for path in tmp_path.iterdir()} == {".lockstep"}


def test_names_of_any_shape_do_not_break_out(cluster: Server, settings: Settings) -> None:
    """A database that only looks like a leftover is nobody's to drop."""
    names = ["lockstep_scratch_zzzzzzzz_1", 'lockstep_scratch_00000000_1"; --', "lockstep_scratch_"]
    quoted = [sql.Identifier(name).as_string() for name in names]
    for name in quoted:
        run(cluster.conninfo(), f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        with scratch_server(settings):
            assert all(exists(cluster, name) for name in names)
    finally:
        for name in quoted:
            run(cluster.conninfo(), f"DROP DATABASE {name}")
