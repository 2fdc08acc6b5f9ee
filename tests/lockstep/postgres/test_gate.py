"""Connections beside the pool's ordinary ones: behind the same gate, to the same place."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from lockstep import Database, SchemaNotReady


def test_a_connection_beside_the_pool_is_one_more(database: str) -> None:
    """With the pool's only connection lent it opens, autocommits, and is named after the application and its purpose."""

    async def main() -> None:
        gate = Database(max_size=1)
        with pytest.raises(SchemaNotReady):
            await gate.connect_aside("look", within=2)
        await gate.open(database, "app")
        try:
            async with gate.connection() as lent, await gate.connect_aside("look", within=2) as own:
                assert own.autocommit
                names = [
                    await (
                        await one.execute("select current_setting('application_name')")
                    ).fetchone()
                    for one in (lent, own)
                ]
                assert names == [("app",), ("app:look",)]
                assert gate.statistics()["pool_size"] == 1
        finally:
            await gate.close()

    asyncio.run(main())


def test_who_listens_is_ended_also_while_its_connection_dies(database: str) -> None:
    """A cancellation comes out as itself when the listener's backend was killed a moment before, unnoticed so far."""

    async def main() -> None:
        gate = Database(max_size=1)
        await gate.open(database, "app")
        backend: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def listen() -> None:
            async with gate.listening("news") as connection:
                backend.set_result(connection.info.backend_pid)
                await asyncio.Event().wait()

        try:
            listener = asyncio.create_task(listen())
            pid = await backend
            with psycopg.connect(database, autocommit=True) as killer:
                killer.execute("select pg_terminate_backend(%s, 10000)", [pid])
            listener.cancel()
            with pytest.raises(asyncio.CancelledError):
                await listener
            async with gate.connection() as connection:
                await connection.execute("select 1")
        finally:
            await gate.close()

    asyncio.run(main())


def test_a_connection_that_listened_is_like_new(database: str) -> None:
    """After the block it hears nothing and is in no autocommit."""

    async def main() -> None:
        gate = Database(max_size=1)
        await gate.open(database, "app")
        try:
            with pytest.raises(LookupError):
                async with gate.listening("news", "more"):
                    raise LookupError
            async with gate.connection() as connection:
                heard = await connection.execute("select pg_listening_channels()")
                assert await heard.fetchall() == []
                assert not connection.autocommit
        finally:
            await gate.close()

    asyncio.run(main())
