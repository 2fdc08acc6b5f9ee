"""A database that is made anew from its own snapshot has the same snapshot."""

from __future__ import annotations

import random

import psycopg
import pytest

from lockstep.catalog.compare import compare
from lockstep.catalog.making import Index, create_all, drop
from lockstep.testing import Databases, Server

from .converging import connected, is_needed, load, rebuild, rich, run, snapshot, told


@pytest.fixture(scope="module")
def source(databases: Databases, cluster: Server) -> str:
    """A database that has everything."""
    conninfo = databases.create()
    load(conninfo, rich(int(cluster.version.split(".")[0])))
    return conninfo


def major_of(conninfo: str) -> int:
    """Return the server's major version."""
    with psycopg.connect(conninfo) as connection:
        return connection.info.server_version // 10000


def test_every_kind_of_object_is_made_again(source: str, database: str) -> None:
    """The steps in their order make an equal database from an empty one, and none is needed a second time."""
    wanted = snapshot(source)
    steps = rebuild(wanted, major_of(source))
    with connected(database) as connection:
        done = run(connection, steps)
        left = [step for step in steps if is_needed(connection, step)]
    assert told(compare(wanted, snapshot(database)).differences) == []
    # The schema public is there from the beginning.
    assert {step.fact.key for step in steps if step not in done} == {("schema", ("public",))}
    assert left == []
    assert {step.fact.kind for step in done if step.loses} == {"revocation", "default_privilege"}


def test_the_order_does_not_depend_on_that_of_the_lines(source: str, database: str) -> None:
    """Whatever the order in which the lines come, what they say can be made."""
    wanted = snapshot(source)
    facts = wanted.facts()
    columns = [fact for fact in facts if fact.kind == "column"]
    others = [fact for fact in facts if fact.kind != "column"]
    random.Random(7).shuffle(others)
    index = Index(wanted.lines, major_of(source))
    with connected(database) as connection:
        run(connection, create_all([*columns, *others], index))
    assert told(compare(wanted, snapshot(database)).differences) == []


def test_guards_lock_nothing_and_write_nothing(source: str) -> None:
    """Asking all guards takes no lock stronger than ACCESS SHARE, and no transaction id."""
    steps = rebuild(snapshot(source), major_of(source))
    with connected(source) as connection, connection.transaction():
        for step in steps:
            assert not is_needed(connection, step), step
        modes = connection.execute(
            "SELECT DISTINCT mode FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation'"
        ).fetchall()
        written = connection.execute(
            "SELECT pg_catalog.pg_current_xact_id_if_assigned()"
        ).fetchone()
    assert modes == [("AccessShareLock",)]
    assert written == (None,)


def test_guards_do_not_wait_for_tables_of_others(source: str) -> None:
    """A guard opens at most the table that it is about: another that is locked does not hold it up."""
    steps = [
        step
        for step in rebuild(snapshot(source), major_of(source))
        if step.fact.path[1:2] == ("users",)
    ]
    assert len(steps) > 10
    with psycopg.connect(source) as locking, connected(source) as connection:
        locking.execute("LOCK TABLE app.docs, app.one, app.two, app.posts IN ACCESS EXCLUSIVE MODE")
        connection.execute("SET lock_timeout = '2s'")
        for step in steps:
            # The policy's own text reads app.posts.
            if step.fact.kind != "policy":
                assert not is_needed(connection, step)


def test_guards_are_not_fooled_by_what_others_put_in_the_way(source: str) -> None:
    """Functions and operators of the same name in another schema are not what a guard calls."""
    steps = rebuild(snapshot(source), major_of(source))
    with connected(source) as connection, connection.transaction(force_rollback=True):
        connection.execute(
            """
            CREATE SCHEMA attacker;
            CREATE FUNCTION attacker.to_regclass(text) RETURNS regclass LANGUAGE sql AS 'SELECT NULL::pg_catalog.regclass';
            CREATE FUNCTION attacker.never(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
            CREATE OPERATOR attacker.= (FUNCTION = attacker.never, LEFTARG = name, RIGHTARG = text);
            """
        )
        assert not any(is_needed(connection, step) for step in steps)


def test_what_is_missing_is_made_again(source: str, databases: Databases) -> None:
    """Of a database from which half of all that can be dropped alone was dropped, the guards find just what is missing."""
    wanted = snapshot(source)
    damaged = databases.create()
    load(damaged, rich(major_of(source)))
    index = Index(wanted.lines, major_of(source))
    droppable = [
        fact
        for fact in wanted.facts()
        if fact.kind
        in {"comment", "policy", "rule", "trigger", "statistics", "publication", "event_trigger"}
    ]
    gone = droppable[::2]
    with connected(damaged) as connection:
        for fact in gone:
            run(connection, drop(fact))
        made = run(connection, create_all(wanted.facts(), index))
    assert {fact.key for fact in gone} <= {step.fact.key for step in made}
    # The comments of what was dropped went with it.
    assert {step.fact.kind for step in made} == {fact.kind for fact in gone}
    assert told(compare(wanted, snapshot(damaged)).differences) == []
    databases.drop(damaged)
