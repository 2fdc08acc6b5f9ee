"""The order of services: a pure function, so it is proven on invented ones."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.application import Service, ServiceHealth
from lockstep.boot.order import start_order
from lockstep.catalog.needs.declaration import Needs
from lockstep.errors import ConfigurationWrong
from lockstep.postgres.gate import Database


@dataclass
class Named:
    """A service that is only a name and what it comes after."""

    name: str
    after: tuple[str, ...] = ()
    critical: bool = True
    needs: Needs = field(default_factory=Needs)

    async def start(self, database: Database) -> asyncio.Task[None] | None:
        """Never called here."""

    async def stop(self) -> None:
        """Never called here."""

    def health(self) -> ServiceHealth:
        """Never called here."""
        return ServiceHealth(ok=True)


def order(*services: Service) -> list[str]:
    """Return the names in order."""
    return [service.name for service in start_order(services)]


def refused(*services: Service) -> ConfigurationWrong:
    """Return the refusal."""
    with pytest.raises(ConfigurationWrong) as caught:
        start_order(services)
    return caught.value


@st.composite
def acyclic_services(draw: st.DrawFn) -> list[Named]:
    """Services that each come after some that were drawn before them, declared in any order."""
    names = draw(st.lists(st.text("abcdefgh", min_size=1, max_size=3), unique=True, max_size=12))
    services = [
        Named(name, tuple(draw(st.lists(st.sampled_from(names[:i]), unique=True)) if i else ()))
        for i, name in enumerate(names)
    ]
    return draw(st.permutations(services))


def test_no_services_have_an_empty_order() -> None:
    """An application without services has nothing to order."""
    assert order() == []


def test_ties_keep_the_declared_order() -> None:
    """Services that do not depend on each other start as they are declared."""
    assert order(Named("c"), Named("a"), Named("b")) == ["c", "a", "b"]


def test_a_dependency_goes_first_and_no_further_than_it_must() -> None:
    """Only what a service comes after is put before it; the others stay in place."""
    assert order(Named("a", ("d",)), Named("b"), Named("c"), Named("d")) == ["b", "c", "d", "a"]


@given(acyclic_services())
def test_each_service_comes_after_its_dependencies(services: list[Named]) -> None:
    """Every service is in the order once, after everything it names."""
    names = order(*services)
    assert sorted(names) == sorted(service.name for service in services)
    for service in services:
        assert all(names.index(name) < names.index(service.name) for name in service.after)


@given(acyclic_services())
def test_the_earliest_declared_service_that_may_start_is_next(services: list[Named]) -> None:
    """At each position stands the first declared service whose dependencies are all placed."""
    names = order(*services)
    for position, name in enumerate(names):
        placed = set(names[:position])
        free = [s.name for s in services if s.name not in placed and placed.issuperset(s.after)]
        assert free[0] == name


@given(acyclic_services(), st.data())
def test_a_cycle_is_always_found(services: list[Named], data: st.DataObject) -> None:
    """A closed ring among any services is refused, and the path named comes back to its start."""
    ring = data.draw(st.lists(st.sampled_from(services or [Named("a")]), min_size=1, unique_by=id))
    for service, following in zip(ring, [*ring[1:], ring[0]], strict=True):
        service.after = (*service.after, following.name)
    problems = refused(*(services or ring)).problems
    for problem in problems:
        path = problem.what.partition(": ")[2].split(" → ")
        assert path[0] == path[-1]
    assert problems


def test_a_cycle_is_named() -> None:
    """The message shows the way round."""
    error = refused(Named("x"), Named("a", ("b",)), Named("b", ("a",)), Named("c", ("a",)))
    assert [problem.what for problem in error.problems] == [
        "services wait for each other: a → b → a"
    ]


def test_a_service_after_itself_is_a_cycle() -> None:
    """The shortest cycle has one member."""
    assert refused(Named("a", ("a",))).problems[0].what.endswith("a → a")


def test_all_problems_are_listed_at_once() -> None:
    """Duplicates, unknown names and both cycles are told in one refusal."""
    error = refused(
        Named("one"),
        Named("one"),
        Named("worker", ("databse",)),
        Named("database"),
        Named("p", ("q", "r")),
        Named("q", ("p",)),
        Named("r", ("p",)),
    )
    told = " | ".join(f"{problem.what} {problem.next_step}" for problem in error.problems)
    assert "2 services are named 'one'" in told
    assert "Did you mean 'database'?" in told
    assert "p → q → p" in told
    assert "p → r → p" in told
    assert error.exit_status == 78


def test_a_forgotten_comma_is_explained() -> None:
    """`after=("database")` is a text; its letters are not taken for names."""
    error = refused(Named("a", "database"), Named("database"))  # type: ignore[arg-type]
    assert [problem.next_step for problem in error.problems] == ["Write a tuple: ('database',)."]


def test_a_nameless_service_is_refused() -> None:
    """Without a name nothing could be said about it later."""
    assert "has no name" in refused(Named("")).problems[0].what
