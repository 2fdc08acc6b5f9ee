"""Several statements through a lent connection as one message: one round trip, and one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockstep.postgres.gate import Database
from lockstep.postgres.session import ServerError

if TYPE_CHECKING:
    import psycopg


async def fetch_at_once(
    database: Database, *queries: str, **values: Any
) -> list[list[tuple[Any, ...]]]:
    """Send *queries* with *values* as literals; return the rows of each.

    Raises ``ServerError`` for what the server refuses, and when no connection is to be had.
    """
    import psycopg

    try:
        async with database.connection() as connection:
            # Otherwise the driver sends a BEGIN before, and a COMMIT after: three round trips.
            await connection.set_autocommit(True)
            try:
                cursor = psycopg.AsyncClientCursor(connection)
                await cursor.execute(";\n".join(queries).encode(), values)
                results = [await _rows(cursor)]
                while cursor.nextset():
                    results.append(await _rows(cursor))
                return results
            finally:
                if not connection.closed:
                    await connection.set_autocommit(False)
    except psycopg.Error as error:
        raise ServerError(error.sqlstate or "", str(error).strip()) from error


async def _rows(cursor: psycopg.AsyncClientCursor[Any]) -> list[tuple[Any, ...]]:
    return await cursor.fetchall() if cursor.description else []
