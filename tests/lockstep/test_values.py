"""The cheap dataclasses behave as the standard ones do, which type checkers take them for."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any, ClassVar

import pytest

from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class Nothing:
    """A value without fields, to inherit from."""


@dataclass(frozen=True, slots=True)
class Point(Nothing):
    """A frozen value with every kind of default."""

    unit: ClassVar[str] = "m"
    x: int
    name: str = "origin"
    tags: tuple[str, ...] = dataclasses.field(default_factory=tuple)


@dataclasses.dataclass(frozen=True, slots=True)
class StandardPoint:
    """The same, by the standard decorator."""

    unit: ClassVar[str] = "m"
    x: int
    name: str = "origin"
    tags: tuple[str, ...] = dataclasses.field(default_factory=tuple)


@dataclass(slots=True)
class Counter:
    """A value that may change."""

    count: int = 0


@dataclass(eq=False)
class Trouble(Exception):
    """An exception with fields."""

    code: str
    text: str = ""


@dataclass(slots=True)
class Undocumented:  # noqa: D101  # that is what it is for
    x: int


@pytest.mark.parametrize(
    ("given", "named"),
    [((1,), {}), ((), {"x": 1}), ((1, "a", ("b",)), {}), ((1,), {"tags": ("b",)})],
)
def test_it_is_made_shown_and_taken_apart_as_the_standard_one(
    given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    """Arguments by position and by name, defaults, repr, asdict and patterns."""
    ours, standard = Point(*given, **named), StandardPoint(*given, **named)
    assert repr(ours) == repr(standard).replace("StandardPoint", "Point")
    assert dataclasses.asdict(ours) == dataclasses.asdict(standard)
    assert [f.name for f in dataclasses.fields(ours)] == ["x", "name", "tags"]
    assert Point.__match_args__ == StandardPoint.__match_args__
    assert hash(ours) == hash(standard)


@pytest.mark.parametrize(
    ("given", "named"),
    [((), {}), ((1, "a", (), 4), {}), ((1,), {"x": 1}), ((1,), {"y": 1}), ((), {"name": "a"})],
)
def test_wrong_arguments_are_refused(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    """What the standard one does not take, this one does not take either."""
    for kind in (Point, StandardPoint):
        with pytest.raises(TypeError):
            kind(*given, **named)


def test_a_frozen_value_does_not_change() -> None:
    """Nothing is set, added or deleted."""
    point: Any = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.other = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    assert point == Point(1)


def test_equal_values_are_equal_and_kinds_differ() -> None:
    """Equality is by class and fields."""
    assert Point(1, "a") == Point(1, "a")
    assert Point(1, "a") != Point(1, "b")
    assert Point(1) != StandardPoint(1)
    assert len({Point(1), Point(1), Point(2)}) == 2


def test_it_is_copied_replaced_and_pickled() -> None:
    """A frozen value with slots can be copied, too."""
    point = Point(1, "a", ("t",))
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point
    assert dataclasses.replace(point, x=2) == Point(2, "a", ("t",))


def test_a_value_that_may_change_has_no_hash() -> None:
    """As with the standard one: what changes must not be a key."""
    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError):
        hash(counter)


def test_an_exception_may_have_fields() -> None:
    """It is raised, caught and told apart like any other."""
    with pytest.raises(Trouble) as caught:
        raise Trouble("X1", text="it broke")
    assert (caught.value.code, caught.value.text) == ("X1", "it broke")
    assert Trouble("X1") != Trouble("X1")


def test_a_class_without_a_docstring_costs_no_more() -> None:
    """The standard decorator would make one, and load the tokenizer for it."""
    assert Undocumented.__doc__ == "Undocumented"
