"""What a plan leaves without knowing it, and what PostgreSQL would refuse, is known from a copy of the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.lockstep.catalog.repair.conftest import Open, Patient

from lockstep.catalog.compare import compare
from lockstep.catalog.repair.plan import Plan
from lockstep.catalog.repair.rehearsal import make_copy, rehearsed, roles_in
from lockstep.catalog.repair.script import texts
from lockstep.catalog.snapshot import read_snapshot
from lockstep.postgres.session import Session
from lockstep.testing import Databases

Rehearse = Callable[[Patient], Plan]
UNKNOWN = {
    "a new child has what its parent may not lose": (
        "CREATE TABLE t (a int)",
        "CREATE TABLE t (a bigint); CREATE TABLE c () INHERITS (t)",
        {"column public.t.a", "column public.c.a"},
    ),
    "an expression names a type that stays": (
        "CREATE TABLE t (a varchar)",
        "CREATE TABLE t (a text); CREATE INDEX i ON t (lower(a))",
        {"column public.t.a", "index public.i"},
    ),
    "another partition has its rows": (
        "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (5)",
        """CREATE TABLE t (a int, b int) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF t FOR VALUES FROM (3) TO (9);
        CREATE INDEX i ON q (a); COMMENT ON TABLE q IS 'q'""",
        {"table public.q", "column public.q.a", "index public.i", "comment table.public.q"},
    ),
}


@pytest.fixture
def rehearse(databases: Databases, opened: Open) -> Rehearse:
    """Return a function that rehearses the plan for a database in which nothing may be dropped."""

    @contextmanager
    def copy(patient: Patient) -> Iterator[Session]:
        url = databases.create()
        session = opened(url)
        make_copy(session, read_snapshot(patient.session))
        yield session
        session.close()
        databases.drop(url)

    def make(patient: Patient) -> Plan:
        live = read_snapshot(patient.session)
        return rehearsed(patient.plan(), patient.expected, live, lambda: copy(patient))

    return make


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", UNKNOWN)
def test_what_a_plan_does_not_know_is_told(
    between: Callable[[str, str], Patient], rehearse: Rehearse, case: str
) -> None:
    """All that is left in the end was told before, nothing of the files fails, and a second run is none."""
    before, after, names = UNKNOWN[case]
    patient = between(before, after)
    plan = rehearse(patient)
    assert names <= {one.name for one in plan.left}
    files = texts(plan)
    patient.apply(files)
    rest = {
        one.name for one in patient.drift() if one.expected
    }  # a table that stays keeps its columns
    assert rest <= {one.name for one in plan.left}
    patient.assert_idle(files)


def test_a_copy_is_like_the_original(shop: Patient, databases: Databases, opened: Open) -> None:
    """A database with objects of all kinds is made again from its lines, and all that they say is there."""
    live, session = read_snapshot(shop.session), opened(databases.create())
    make_copy(session, live)
    assert compare(live, read_snapshot(session)).differences == ()


def test_what_cannot_be_copied_is_not_blamed(
    between: Callable[[str, str], Patient], rehearse: Rehearse
) -> None:
    """A copy lacks an operator class of somebody's own: what is missing there, or fails for that, is neither told nor taken out."""
    both = """CREATE OPERATOR CLASS mine FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 3 =, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
    CREATE TABLE t (a int); CREATE INDEX i ON t (a mine)"""
    patient = between(both, f"{both}; ALTER TABLE t ADD b int; CREATE INDEX j ON t (a mine)")
    plan = rehearse(patient)
    assert ({piece.about for piece in plan.pieces}, plan.left) == (
        {"column public.t.b", "index public.j"},
        (),
    )


def test_roles_that_lines_name_are_known(shop: Patient) -> None:
    """Grants, policies and default privileges name roles, which a scratch server has to have."""
    shop.run(
        "GRANT SELECT ON app.users TO rich_reader",
        "ALTER DEFAULT PRIVILEGES FOR ROLE rich_writer REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    )
    assert {"rich_reader", "rich_writer"} <= roles_in(read_snapshot(shop.session))
    assert "public" not in roles_in(read_snapshot(shop.session))
