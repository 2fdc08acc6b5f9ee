"""Where a file is broken off: at every place of a few, at some of many, and the verdict says so."""

from __future__ import annotations

import pytest
from tests.lockstep.prove.conftest import Prove

from lockstep.cli.colour import Palette
from lockstep.prove import places
from lockstep.prove.formats import text
from lockstep.prove.places import most_places, spread, together
from lockstep.prove.verdicts import Check

_TABLE = "CREATE TABLE IF NOT EXISTS t (id integer PRIMARY KEY);\n"
_MANY = _TABLE + "".join(
    f"INSERT INTO t VALUES ({number}) ON CONFLICT DO NOTHING;\n" for number in range(30)
)


def test_of_a_few_places_each_is_tried() -> None:
    """Nothing is left out, and nothing is said of it."""
    found = spread(12, 12, {3})
    assert list(found.chosen) == list(range(1, 13))
    assert found.held() == Check("ok", points=12)


def test_of_many_places_those_are_tried_that_tell_most() -> None:
    """The first, the last and the preferred; the others lie evenly between, the same each time."""
    found = spread(1000, 12, {77, 500})
    assert len(found.chosen) == 12
    assert {1, 77, 500, 1000} <= set(found.chosen)
    gaps = [b - a for a, b in zip(found.chosen, found.chosen[1:], strict=False)]
    assert max(gaps) < 250
    assert found == spread(1000, 12, {500, 77})
    assert found.held().of == 1000


def test_the_preferred_leave_room_for_others() -> None:
    """Where everything is preferred, it lies evenly as well; where half is, the other half is tried too."""
    assert len(spread(1000, 12, range(1, 1001)).chosen) == 12
    late = spread(1000, 12, range(500, 1001)).chosen
    assert len([place for place in late if 1 < place < 500]) >= 2


@pytest.mark.parametrize("count", [1, 100, 1_000, 20_000, 1_000_000])
def test_the_cost_is_linear(count: int) -> None:
    """However many statements there are, each is run a bounded number of times."""
    assert places._FEWEST <= most_places(count) <= places._MOST
    assert most_places(count) * count <= max(places._RUNS, places._FEWEST * count)


def test_two_checks_add_up() -> None:
    """What one has left out is left out of both."""
    whole, part = Check("ok", points=5), Check("ok", points=6, of=50)
    assert (together(whole, whole).points, together(whole, whole).of) == (10, None)
    assert (together(whole, part).points, together(whole, part).of) == (11, 55)


@pytest.mark.long
@pytest.mark.parametrize(
    ("head", "tried", "of"), [("", 6, 31), ("-- lockstep: no-transaction\n", 12, 61)]
)
def test_the_verdict_says_what_was_left_out(
    prove: Prove, monkeypatch: pytest.MonkeyPatch, head: str, tried: int, of: int
) -> None:
    """In a transaction, and as the engine runs the statements one by one: how many of how many places, in JSON and in text."""
    monkeypatch.setattr(places, "_MOST", 6)
    proof = prove(files={"1_many.sql": head + _MANY})
    check = proof.files[0].checks["crash"]
    assert (check.result, check.points) == ("ok", tried)
    assert check.of == of
    assert check.as_dict()["of"] == of
    note = f"note: 1_many.sql: crash: killed at {tried} of {of} places"
    assert note in text.render(proof, Palette(False))


@pytest.mark.long
@pytest.mark.parametrize(
    "made",
    ["BEGIN; CREATE TABLE u (id integer); COMMIT;", "VACUUM t; CREATE TABLE u (id integer);"],
)
def test_the_statement_that_breaks_is_found_among_many(
    prove: Prove, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    """A change of the schema in the midst of many rows is one of the places that are tried."""
    monkeypatch.setattr(places, "_MOST", 6)
    broken = f"{_MANY}{made} DROP TABLE u;\n{_MANY}"
    check = prove(files={"1_broken.sql": broken}).files[0].checks["crash"]
    assert check.result == "unsafe"
    assert 'relation "u" already exists' in check.reason
