"""One connection beside the pool: lent to one at a time, kept for a while, made anew when it has gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import psycopg
import pytest

from lockstep import Database, SchemaNotReady
from lockstep.testing import until
from studio.operations.aside import Aside

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

pytestmark = pytest.mark.anyio
MINE = "select count(*) from pg_stat_activity where application_name = 'app:aside' and datname = current_database()"


async def seen(look: Callable[[], object], what: str) -> None:
    """Wait until something is to be seen, without standing in its way."""
    await asyncio.to_thread(until, look, what=what)


@pytest.fixture
async def database(at_head: str) -> AsyncIterator[Database]:
    """A pool of one connection."""
    database = Database(max_size=1)
    await database.open(at_head, "app")
    yield database
    await database.close()


async def test_it_works_while_the_pool_is_lent(database: Database, shelf: Shelf) -> None:
    """Two who ask are served one after the other, over one connection, and what they write is kept."""
    aside = Aside(database, "aside")

    async def write(name: str) -> int:
        async with aside.connection() as connection:
            await connection.execute(
                b"insert into users (id, email) values (%s, %s)", [name, f"{name}@example.com"]
            )
            return int(connection.info.backend_pid)

    async with database.connection():
        first, second = await asyncio.gather(write("a"), write("b"))
    assert first == second
    assert shelf.run("select count(*) from users") == [3]
    assert shelf.run(MINE) == [1]
    await aside.close()
    await seen(lambda: shelf.run(MINE) == [0], "the end")


async def test_one_that_was_cut_is_made_anew(database: Database, shelf: Shelf) -> None:
    """The server ends it: whoever asks next is served."""
    aside = Aside(database, "aside")
    async with aside.connection():
        pass
    shelf.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'app:aside'"
    )
    with pytest.raises(psycopg.OperationalError):
        async with aside.connection() as connection:
            await connection.execute(b"select 1")
    async with aside.connection() as connection:
        await connection.execute(b"select 1")
    await aside.close()


async def test_one_that_nobody_uses_is_closed(database: Database, shelf: Shelf) -> None:
    """After a while without anybody; asked again, it is opened again."""
    aside = Aside(database, "aside", keep=0.01)
    for _ in range(2):
        async with aside.connection() as connection:
            await connection.execute(b"select 1")
        await seen(lambda: shelf.run(MINE) == [0], "the end")


async def test_before_the_gate_is_open_there_is_none() -> None:
    """It is behind the same gate as the pool."""
    with pytest.raises(SchemaNotReady):
        async with Aside(Database(), "aside").connection():
            pass
