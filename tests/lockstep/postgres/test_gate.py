"""A connection beside the pool: behind the same gate, to the same place, and not counted by the pool."""

from __future__ import annotations

import asyncio

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
