"""The studio's statements, by name, in transactions of their own.

What the driver raises when the database is away leaves as ``StoreUnavailable``: trying again later is the right answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

__all__ = [
    "PATIENCE",
    "ConstraintViolated",
    "Jsonb",
    "Lender",
    "Outdated",
    "Row",
    "SchemaChanged",
    "Storage",
    "StoreUnavailable",
    "Transaction",
    "ValueRefused",
]
PATIENCE = 10.0
_OUT_OF_STEP = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InsufficientPrivilege,
)

Row = dict[str, Any]


class Lender(Protocol):
    """What lends connections: the engine's ``Database``, or a connection beside its pool."""

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Lend one; leaving the block commits, or rolls back on an exception."""


class StoreUnavailable(Exception):
    """The database does not answer, or not as it should for now; nothing was lost."""


class SchemaChanged(Exception):
    """A table or column that a statement names is not there, or not ours: that was changed while we run."""


class ValueRefused(Exception):
    """A value is none that the database can hold: too large, too long, or not of its type; nothing was written."""


class ConstraintViolated(Exception):
    """The database refused what was written; its transaction is rolled back."""

    def __init__(self, constraint: str, reason: str) -> None:
        super().__init__(reason)
        self.constraint = constraint
        """The constraint's or unique index's name: ``users_email_key``; of a NOT NULL, the column's."""


class Outdated(Exception):
    """The row is not any more what the writer had read; nothing was written."""


class Transaction:
    """An open transaction: runs the named statements of its storage."""

    def __init__(
        self, connection: psycopg.AsyncConnection[Any], queries: Mapping[str, str]
    ) -> None:
        self.connection = connection
        self._queries = queries

    async def all(self, name: str, /, **values: object) -> list[Row]:
        """Run a statement; return its rows."""
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(self._queries[name].encode(), values)
            return await cursor.fetchall()

    async def one(self, name: str, /, **values: object) -> Row | None:
        """Run a statement; return its first row, or None if it has none."""
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(self._queries[name].encode(), values)
            return await cursor.fetchone()

    async def run(self, name: str, /, **values: object) -> int:
        """Run a statement; return how many rows it wrote."""
        cursor = await self.connection.execute(self._queries[name].encode(), values)
        return cursor.rowcount


class Storage:
    """A database as one part of the studio sees it: through its own statements."""

    def __init__(
        self, database: Lender, queries: Mapping[str, str], *, patience: float = PATIENCE
    ) -> None:
        """Use *database*; a transaction that takes longer than *patience* seconds counts as unavailable."""
        self._database = database
        self._queries = queries
        self._patience = patience

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction for the block, which commits it, or rolls it back by raising.

        Raises ``StoreUnavailable``, ``SchemaChanged``, ``ConstraintViolated`` and ``ValueRefused``.
        """
        try:
            async with asyncio.timeout(self._patience), self._database.connection() as connection:
                yield Transaction(connection, self._queries)
        except TimeoutError as error:
            raise StoreUnavailable(f"no answer within {self._patience:g} s") from error
        except psycopg.IntegrityError as error:
            said = error.diag
            constraint = said.constraint_name or said.column_name or ""
            raise ConstraintViolated(constraint, said.message_primary or str(error)) from error
        except _OUT_OF_STEP as error:
            raise SchemaChanged(error.diag.message_primary or str(error)) from error
        except psycopg.DataError as error:
            raise ValueRefused(error.diag.message_primary or str(error)) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise StoreUnavailable(" ".join(str(error).split())) from error
