"""Every field of every kind, changed there and back: in place where PostgreSQL can, else dropped and made anew."""

from __future__ import annotations

import pytest

from lockstep.catalog.compare import compare
from lockstep.catalog.fact import Fact
from lockstep.catalog.making import Index, Step, change, create
from lockstep.catalog.snapshot import Snapshot
from lockstep.sql.parser import parse
from lockstep.testing import Databases, Server

from .converging import (
    connected,
    is_needed,
    load,
    run,
    snapshot,
    states,
    steps_between,
    told,
)


@pytest.fixture(scope="module")
def major(cluster: Server) -> int:
    """The server's major version."""
    return int(cluster.version.split(".")[0])


@pytest.fixture(scope="module", params=["there", "back"])
def ways(request: pytest.FixtureRequest, databases: Databases, major: int) -> tuple[str, str]:
    """A database as it is, and one as it should be."""
    texts = states(major)
    found, wanted = texts if request.param == "there" else texts[::-1]
    conninfos = databases.create(), databases.create()
    load(conninfos[0], found)
    load(conninfos[1], wanted)
    return conninfos


@pytest.mark.sampled(1)
def test_every_difference_can_be_made_good(ways: tuple[str, str], major: int) -> None:
    """The steps make the one database of the other; what shows only after a partition was taken away takes a second round."""
    live, wanted = ways[0], snapshot(ways[1])
    before = snapshot(live)
    assert len(compare(wanted, before).differences) > 150
    steps, refused = steps_between(wanted, before, major)
    assert refused == []
    with connected(live) as connection:
        run(connection, steps)
        left = compare(wanted, snapshot(live))
        assert all(one.expected is None for one in left.differences), told(left.differences)
        more, refused = steps_between(wanted, snapshot(live), major)
        run(connection, more)
        assert refused == []
        assert told(compare(wanted, snapshot(live)).differences) == []
        # Rows are where they were, in types that were made anew.
        rows = connection.execute("SELECT e::text, es::text FROM app.grown_used").fetchall()
        kept = connection.execute(
            "SELECT r::text, rs::text FROM app.reordered_used UNION ALL SELECT d::text, ds::text FROM app.d_used UNION ALL SELECT r::text, NULL FROM app.ran_used"
        ).fetchall()
    assert rows == [("b", "{b,b}")]
    assert sorted(kept, key=str) == [("[1,2]", None), ("x", "{y}"), ("y", "{x,y}")]


def test_guards_of_changes_lock_nothing_and_write_nothing(databases: Databases, major: int) -> None:
    """Asking whether a change is needed takes no lock stronger than ACCESS SHARE, no transaction id, and is answered by yes."""
    found, wanted = states(major)
    one, two = databases.create(), databases.create()
    load(one, found)
    load(two, wanted)
    before, after = snapshot(one), snapshot(two)
    drift = compare(after, before)
    expected, live = Index(after.lines, major), Index(before.lines, major)
    first = [
        steps[0]
        for difference in drift.of("differs")
        if isinstance(steps := change(difference, expected, live), list)
        and steps
        and not steps[0].phase
    ]
    with connected(one) as connection, connection.transaction():
        idle = [step for step in first if not is_needed(connection, step)]
        modes = connection.execute(
            "SELECT DISTINCT mode FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation'"
        ).fetchall()
        written = connection.execute(
            "SELECT pg_catalog.pg_current_xact_id_if_assigned()"
        ).fetchone()
    assert idle == []
    assert modes == [("AccessShareLock",)]
    assert written == (None,)
    databases.drop(one)
    databases.drop(two)


def steps_for(before: str, after: str, server: int = 18) -> list[Step]:
    """Return the steps from one line to the other."""
    wanted, found = Index([after], server), Index([before], server)
    (difference,) = compare(Snapshot([after]), Snapshot([before])).differences
    steps = change(difference, wanted, found)
    assert isinstance(steps, list)
    return steps


@pytest.mark.parametrize(
    ("before", "after", "loses"),
    [
        ('column a.t.c {"type": "integer"}', 'column a.t.c {"type": "bigint"}', False),
        ('column a.t.c {"type": "bigint"}', 'column a.t.c {"type": "integer"}', True),
        (
            'column a.t.c {"type": "integer"}',
            'column a.t.c {"default": "1", "type": "integer"}',
            False,
        ),
        (
            'column a.t.c {"not_null": true, "type": "integer"}',
            'column a.t.c {"type": "integer"}',
            True,
        ),
        ('enum a.e {"labels": ["x"]}', 'enum a.e {"labels": ["y", "x"]}', False),
        ('enum a.e {"labels": ["x", "y"]}', 'enum a.e {"labels": ["x"]}', True),
        ('table a.t {"row_security": true}', "table a.t {}", True),
        ("table a.t {}", 'table a.t {"row_security": true}', False),
        ("table a.t {}", 'table a.t {"persistence": "unlogged"}', True),
        ("table a.t {}", 'table a.t {"partition_by": "LIST (a)"}', True),
        (
            'grant table.a.t.r {"privileges": ["SELECT"]}',
            'grant table.a.t.r {"privileges": ["SELECT", "UPDATE"]}',
            False,
        ),
        (
            'grant table.a.t.r {"privileges": ["SELECT", "UPDATE"]}',
            'grant table.a.t.r {"privileges": ["SELECT"]}',
            True,
        ),
        (
            'constraint a.t.k {"expression": "a", "not_valid": true, "type": "check"}',
            'constraint a.t.k {"expression": "a", "type": "check"}',
            False,
        ),
        (
            'constraint a.t.k {"expression": "a", "type": "check"}',
            'constraint a.t.k {"expression": "b", "type": "check"}',
            True,
        ),
    ],
)
def test_what_may_be_lost_is_said(before: str, after: str, loses: bool) -> None:
    """A step that may lose something says what; one that only adds says nothing."""
    assert any(step.loses for step in steps_for(before, after)) is loses


@pytest.mark.parametrize("server", [13, 18])
def test_a_trigger_is_replaced_where_the_server_can(server: int) -> None:
    """From PostgreSQL 14 on a trigger is replaced at once; before it is dropped and made anew."""
    made = 'trigger a.t.g {"definition": "CREATE TRIGGER g BEFORE %s ON a.t FOR EACH ROW EXECUTE FUNCTION a.f()"}'
    actions = [step.action for step in steps_for(made % "INSERT", made % "UPDATE", server)]
    assert actions[0].startswith("DROP TRIGGER" if server == 13 else "CREATE OR REPLACE TRIGGER")


def test_a_label_that_is_used_at_once_is_committed_before() -> None:
    """A new label that another difference uses stands alone; one that nobody uses yet does not."""
    enum = 'enum a.e {"labels": [%s]}'
    column = 'column a.t.c {"default": "\'y\'::a.e", "type": "a.e"}'
    for lines, transactional in (([column], False), ([], True)):
        expected = Index([enum % '"x", "y"', *lines])
        (difference,) = compare(Snapshot([enum % '"x", "y"']), Snapshot([enum % '"x"'])).differences
        steps = change(difference, expected, Index([enum % '"x"']))
        assert isinstance(steps, list)
        assert [step.transactional for step in steps] == [transactional]


def test_names_are_quoted_wherever_they_come_from() -> None:
    """No name, label, comment or option of a lock file is read as SQL."""
    evil = "x'; DROP TABLE t; --\"\\\n"
    facts = [
        Fact("enum", (evil, evil), {"labels": [evil]}),
        Fact("comment", ("table", evil, evil), {"text": evil}),
        Fact("sequence", (evil, evil), {"owned_by": '"x;".t.c'}),
        Fact("grant", ("table", evil, evil, evil), {"privileges": ["SELECT"]}),
        Fact("table", (evil, evil), {"options": [f"fillfactor={evil}"]}),
    ]
    index = Index(fact.line() for fact in facts)
    for fact in facts:
        for step in create(fact, index):
            assert len(parse(step.action)) == 1
            assert len(parse(f"SELECT {step.guard}")) == 1
