"""A process's needs are in the database for as long as it runs, and no boot waits for that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep import Needs
from lockstep.catalog.needs.kept import KeptNeeds
from lockstep.catalog.needs.requirements import Requirement, requirements_of
from lockstep.events import Event, NeedsNotKept
from lockstep.migrate import ledger
from lockstep.migrate.ledger import Boot
from lockstep.postgres.gate import Database

Run = Callable[..., list[Any]]
TABLES = Path(ledger.__file__).with_name("ledger_tables.sql").read_text(encoding="utf-8")
NEEDED = requirements_of({"scheduler": Needs({"content": {"id": "bigint"}})})
ROW = "SELECT app, release, pid, lease_until > clock_timestamp() FROM lockstep.needs"


class Kept:
    """Needs that are kept while the block runs, as fast as the server answers."""

    def __init__(self, conninfo: str, needed: tuple[Requirement, ...] = NEEDED) -> None:
        self.events: list[Event] = []
        self.boot = Boot("shop", "serve", "v1", "test", pid=4711)
        self._conninfo = conninfo
        self._needed = needed

    async def __aenter__(self) -> KeptNeeds:
        self._database = Database(max_size=1)
        await self._database.open(self._conninfo, "shop")
        self.kept = KeptNeeds(
            self._database, self._needed, self.boot.values(), self.events.append, renewed=0.01
        )
        self.kept.start()
        return self.kept

    def asked(self) -> int:
        """Return how often the pool has lent a connection."""
        return self._database.statistics().get("requests_num", 0)

    async def __aexit__(self, *_: object) -> None:
        await self.kept.stop()
        await self._database.close()


async def until(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # it is the database that changes
            await asyncio.sleep(0.01)


def test_they_are_there_while_it_runs_and_gone_when_it_has_stopped(database: str, run: Run) -> None:
    """One row, written in the background, with the schema that the table was found in."""
    run(TABLES)
    run("CREATE TABLE content (id bigint)")

    async def story() -> list[Any]:
        async with Kept(database):
            await until(lambda: run(ROW))
            return run(f"{ROW}; SELECT needs -> 0 ->> 'schema', {ROW.removeprefix('SELECT ')}")

    assert asyncio.run(story()) == [("public", "shop", "v1", 4711, True)]
    assert run(ROW) == []


def test_the_lease_is_renewed(database: str, run: Run) -> None:
    """Again and again; a row that somebody took away comes back."""
    run(TABLES)
    lease = "SELECT lease_until FROM lockstep.needs"

    async def story() -> None:
        async with Kept(database):
            await until(lambda: run(lease))
            first = run(lease)
            await until(lambda: run(lease) > first)
            run("DELETE FROM lockstep.needs")
            await until(lambda: run(lease))

    asyncio.run(story())


def test_where_nothing_is_needed_nothing_is_kept(database: str, run: Run) -> None:
    """No task, no row."""
    run(TABLES)

    async def story() -> None:
        async with Kept(database, ()) as kept:
            assert kept._task is None

    asyncio.run(story())
    assert run(ROW) == []


def test_an_earlier_bookkeeping_has_no_table_and_nobody_minds(database: str, run: Run) -> None:
    """Nothing is reported; when the next boot with files makes the table, the row appears."""
    kept = Kept(database)

    async def story() -> None:
        async with kept:
            for _ in range(20):
                await asyncio.sleep(0)
            run(TABLES)
            await until(lambda: run(ROW))

    asyncio.run(story())
    assert kept.events == []


def test_a_role_that_may_not_write_says_so_once(database: str, run: Run) -> None:
    """With the GRANT that changes it; once that is granted, the row appears."""
    run(TABLES)
    role = f'"needy {conninfo_to_dict(database)["dbname"]}"'
    run(f"CREATE ROLE {role} LOGIN")
    kept = Kept(make_conninfo(database, user=role.strip('"')))

    async def story() -> None:
        async with kept:
            await until(lambda: kept.asked() >= 6)
            run(kept.events[0].as_dict()["grant"])
            await until(lambda: run(ROW))

    asyncio.run(story())
    run(f"DROP OWNED BY {role}; DROP ROLE {role}")
    (event,) = kept.events
    assert isinstance(event, NeedsNotKept)
    assert event.reason == "permission denied for schema lockstep"


def test_what_is_long_over_is_taken_away_on_the_way(database: str, run: Run) -> None:
    """By whoever registers next; what is over since a moment stays for those who want to look."""
    run(TABLES)
    insert = (
        "INSERT INTO lockstep.needs (boot_id, app, release, host, pid, digest, needs, lease_until) "
        "SELECT gen_random_uuid(), 'old', ago, 'h', 1, 'd', '[]', clock_timestamp() - ago::interval "
        "FROM unnest(ARRAY['1 day', '1 minute']) AS ago"
    )
    run(insert)

    async def story() -> list[Any]:
        async with Kept(database):
            await until(lambda: run(f"{ROW} WHERE app = 'shop'"))
            return run("SELECT release FROM lockstep.needs ORDER BY release")

    assert asyncio.run(story()) == ["1 minute", "v1"]


@pytest.mark.parametrize("needs", [Needs({"content": ("id",)}, functions=["f(text)"]), Needs()])
def test_what_is_kept_is_read_as_it_was(needs: Needs) -> None:
    """Through JSON and back; what a newer Lockstep adds to it is passed over."""
    needed = requirements_of({"scheduler": needs})

    assert [Requirement.from_dict({**one.as_dict(), "new": 1}) for one in needed] == list(needed)
