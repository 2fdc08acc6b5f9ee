"""Every test has a database of its own, quickly."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from lockstep.testing import Databases, Server, until


def tables(conninfo: str) -> set[str]:
    """Return the names of all tables that are not PostgreSQL's."""
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND oid >= 16384"
        )
        return {row[0] for row in rows}


def make_table(conninfo: str) -> None:
    """Prepare a template."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("CREATE TABLE prepared ()")


def exists(cluster: Server, conninfo: str) -> bool:
    """Return whether the database is still there."""
    with psycopg.connect(cluster.conninfo()) as connection:
        name = conninfo_to_dict(conninfo)["dbname"]
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        return found.fetchone() is not None


def test_a_database_is_empty_and_alone(databases: Databases) -> None:
    """What one test makes, another does not see."""
    one, other = databases.create(), databases.create()
    make_table(one)
    assert tables(one) == {"prepared"}
    assert tables(other) == set()
    databases.drop(one)
    databases.drop(other)


def test_a_template_is_prepared_once(databases: Databases, database: str) -> None:
    """Clones hold what was prepared; the same key does not prepare again, another key does."""
    key = database  # unique in this run, also where the server is not
    calls = []

    def prepare(conninfo: str) -> None:
        calls.append(conninfo)
        make_table(conninfo)

    clones = [databases.create(key, prepare) for _ in range(3)]
    assert [tables(clone) for clone in clones] == [{"prepared"}] * 3
    assert len(calls) == 1
    clones.append(databases.create(f"{key} changed", prepare))
    assert len(calls) == 2
    for clone in clones:
        databases.drop(clone)


def test_a_failed_preparation_leaves_no_template(databases: Databases, database: str) -> None:
    """A template is half-made until prepare returns; afterwards it is made anew."""

    def fail(conninfo: str) -> None:
        make_table(conninfo)
        raise RuntimeError("half-made")

    with pytest.raises(RuntimeError, match="half-made"):
        databases.create(database, fail)
    clone = databases.create(database, make_table)
    assert tables(clone) == {"prepared"}
    databases.drop(clone)


def test_workers_at_once_share_one_template(cluster: Server, database: str) -> None:
    """Of several workers that need the same template, one prepares it and the others wait for it."""
    calls = []
    together = threading.Barrier(4)

    def work(_: int) -> set[str]:
        with Databases(cluster.conninfo()) as own:
            together.wait()
            clone = own.create(database, lambda conninfo: (calls.append(1), make_table(conninfo)))
            own.drop(clone)
            return {"prepared"}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [{"prepared"}] * 4
    assert calls == [1]


def test_dropping_happens_soon_whoever_is_connected(cluster: Server, databases: Databases) -> None:
    """A forgotten connection does not keep a database alive."""
    conninfo = databases.create()
    with psycopg.connect(conninfo):
        databases.drop(conninfo)
        until(lambda: not exists(cluster, conninfo), what="drop")


def test_close_finishes_dropping(cluster: Server) -> None:
    """After close nothing is left to drop, and closing again does nothing."""
    with Databases(cluster.conninfo()) as own:
        made = [own.create() for _ in range(3)]
        for conninfo in made:
            own.drop(conninfo)
    own.close()
    assert not any(exists(cluster, conninfo) for conninfo in made)
