"""Looking at the schema: one look however many ask, seldom, and what was found stays to be seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.studio.conftest import SETTINGS

from lockstep import Database
from lockstep.settings import resolve
from studio.operations.schema import SchemaReport, SchemaWatch

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

pytestmark = pytest.mark.anyio
LOOKS = "select count(*) from pg_stat_activity where application_name = 'studio:schema' and datname = current_database()"


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
async def database(at_head: str, tmp_path: Path) -> AsyncIterator[Database]:
    """The studio's database, as if the studio had booted on it."""
    database = Database(max_size=1)
    told = {**SETTINGS, "LOCKSTEP_DATABASE_URL": at_head}
    await database.open(at_head, "studio", resolve(flags={}, environ=told, root=tmp_path))
    yield database
    await database.close()


def differing(report: SchemaReport) -> list[str] | None:
    """The names of what differs; None: not known."""
    found = report.state.differences if report.state else None
    return None if found is None else [each.name for each in found]


async def test_what_was_found_counts_for_a_while(database: Database, shelf: Shelf) -> None:
    """Many who ask at once get one look; so do those who ask soon after; then it is looked at again."""
    clock = Clock()
    watch = SchemaWatch(database, clock=clock)
    reports = await asyncio.gather(*(watch.report(20) for _ in range(20)))
    assert len({id(report.state) for report in reports}) == 1
    assert {report.database for report in reports} == {"ready"}
    assert differing(reports[0]) == []
    shelf.run("alter table content drop column thumbnail_url")
    clock.now += 29
    same = await watch.report(20)
    assert (same.at, differing(same)) == (reports[0].at, [])
    clock.now += 2
    assert differing(await watch.report(20)) == ["public.content.thumbnail_url"]


async def test_a_look_that_takes_long_is_not_waited_for(
    database: Database, shelf: Shelf, at_head: str
) -> None:
    """Whoever asks meanwhile is told so, with what was found before; no second look begins, and this one ends in time."""
    clock = Clock()
    watch = SchemaWatch(database, clock=clock, look_within=1.0)
    before = await watch.report(20)
    clock.now += 31
    with psycopg.connect(at_head) as holder:
        holder.execute("lock table lockstep.ledger in access exclusive mode")
        late = [await watch.report(0.01) for _ in range(3)]
        assert {(report.database, report.at) for report in late} == {("slow", before.at)}
        assert late[0].reason
        assert shelf.run(LOOKS)[0] <= 1
        given_up = await watch.report(20)
        assert (given_up.database, given_up.at) == ("unreachable", before.at)
        assert "has not answered within 1.00 s" in str(given_up.reason)
        assert differing(given_up) == []
    clock.now += 4  # what has failed is tried again soon
    again = await watch.report(20)
    assert (again.database, again.reason) == ("ready", None)
    assert again.at != before.at


async def test_a_database_that_is_away_leaves_what_was_known(database: Database) -> None:
    """The reason is the server's or the driver's; before anything is known there is nothing but that."""
    clock = Clock()
    watch, late = SchemaWatch(database, clock=clock), SchemaWatch(database, clock=clock)
    before = await watch.report(20)
    database._aside |= {"host": "127.0.0.1", "port": "1"}
    clock.now += 31
    away = await watch.report(20)
    assert (away.database, away.state) == ("unreachable", before.state)
    assert "no PostgreSQL answered at 127.0.0.1:1" in str(away.reason)
    assert await late.report(20) == SchemaReport("unreachable", away.reason, None, None)
