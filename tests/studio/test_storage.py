"""What the driver raises leaves the storage under names of ours, and nothing of the transaction stays."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest

from lockstep import Database
from studio.storage import (
    ConstraintViolated,
    SchemaChanged,
    Storage,
    StoreUnavailable,
    ValueRefused,
)

pytestmark = pytest.mark.anyio
QUERIES = {
    "keep": "insert into kept (number, word) values (%(number)s, %(word)s)",
    "number": "select %(value)s::integer as number",
    "divide": "select 1 / %(value)s::integer as number",
    "word": "select %(value)s::text as word",
    "gone": "select 1 from never",
    "column": "select never from kept",
    "hidden": "select 1 from hidden",
    "wait": "select pg_sleep(10)",
    "look": "select 1 as yes",
}
SETUP = """
    create table kept (number smallint not null constraint kept_number_check check (number <> 13), word varchar(3));
    create table hidden ();
"""


@pytest.fixture
def anyio_backend() -> str:
    """The event loop's kind."""
    return "asyncio"


@pytest.fixture
async def storage(database: str) -> AsyncIterator[Storage]:
    """A storage over two small tables, as a role that may not read one of them."""
    with psycopg.connect(database) as connection:
        connection.execute(SETUP.encode())
        connection.execute("grant select, insert on kept to pg_monitor")
    pool = Database(max_size=1)
    await pool.open(f"{database} options='-c role=pg_monitor'", "studio")
    try:
        yield Storage(pool, QUERIES)
    finally:
        await pool.close()


@pytest.mark.parametrize(
    ("name", "values", "raised"),
    [
        ("keep", {"number": 40_000, "word": "a"}, ValueRefused),
        ("keep", {"number": 1, "word": "abcd"}, ValueRefused),
        ("keep", {"number": "one", "word": "a"}, ValueRefused),
        ("keep", {"number": 13, "word": "a"}, ConstraintViolated),
        ("keep", {"number": None, "word": "a"}, ConstraintViolated),
        ("number", {"value": 2**31}, ValueRefused),
        ("number", {"value": "NaN"}, ValueRefused),
        ("divide", {"value": 0}, ValueRefused),
        ("word", {"value": "a\0b"}, ValueRefused),
        ("gone", {}, SchemaChanged),
        ("column", {}, SchemaChanged),
        ("hidden", {}, SchemaChanged),
    ],
)
async def test_what_is_refused_has_a_name(
    storage: Storage, name: str, values: dict[str, object], raised: type[Exception]
) -> None:
    """Values, constraints and a schema that is another one are told apart; what was written before is undone."""

    async def work() -> None:
        async with storage.transaction() as transaction:
            await transaction.run("keep", number=1, word="a")
            await transaction.run(name, **values)

    with pytest.raises(raised):
        await work()
    async with storage.transaction() as transaction:
        assert await transaction.one("number", value=1) == {"number": 1}
        found = await transaction.connection.execute("select count(*) from kept")
        assert await found.fetchone() == (0,)


async def test_what_does_not_answer_is_unavailable(storage: Storage, database: str) -> None:
    """A statement that takes too long, and a session that the server ends: trying again later is the right answer to both."""

    async def wait() -> None:
        hasty = Storage(storage._database, QUERIES, patience=0.05)
        async with hasty.transaction() as transaction:
            await transaction.one("wait")

    async def be_ended() -> None:
        async with storage.transaction() as transaction:
            with psycopg.connect(database) as other:
                pid = transaction.connection.info.backend_pid
                other.execute("select pg_terminate_backend(%s, 10000)", [pid])
            await transaction.one("look")

    with pytest.raises(StoreUnavailable, match="no answer within"):
        await wait()
    with pytest.raises(StoreUnavailable, match="terminating connection"):
        await be_ended()
    async with storage.transaction() as transaction:
        assert await transaction.one("look") == {"yes": 1}
