"""``make bench-needs``: the needs of 50 services, 500 columns, as a boot asks for them, beside bare psycopg; by hand, never in a test.

Each service needs a table with ten columns (types, three of them NOT NULL), two indexes and two privileges. The floor asks the server
for the same facts in one plain query, and compares nothing. Both use one open connection, in one process, in turn; figures are medians with
the range, the ratio is that of the medians (in brackets that of the fastest runs and of the CPU time). The catalogs hold no other
table, or 5,000 of them; ``fresh`` is the first question on a new connection. A proxy counts the round trips.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import time
from collections.abc import Awaitable, Callable, Sequence

import psycopg
from measure import Sample, Samples
from wire import Proxy

from lockstep.catalog.needs.declaration import Needs
from lockstep.catalog.needs.declared import Column, Index
from lockstep.catalog.needs.missing import find_missing
from lockstep.catalog.needs.requirements import Requirement, requirements_of
from lockstep.postgres.gate import Database
from lockstep.testing import Server, private_cluster

PARTS = ("needs",)
SERVICES = 50
OTHERS = (0, 5000)
MOST = 0.010
_MANY = 20
TABLE = """
CREATE TABLE t{n} (id bigint PRIMARY KEY, owner bigint NOT NULL, title text NOT NULL, price numeric(10, 2), due timestamptz NOT NULL,
    note varchar(80), done boolean, doc jsonb, tags text[], key uuid);
CREATE INDEX ON t{n} (owner, due);
"""
COLUMNS = {
    "id": "bigint",
    "owner": Column("int8", nullable=False),
    "title": Column("text", nullable=False),
    "price": "numeric(10,2)",
    "due": Column("timestamptz", nullable=False),
    "note": "varchar(80)",
    "done": "bool",
    "doc": "jsonb",
    "tags": "text[]",
    "key": "uuid",
}
FLOOR = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relname = ANY (%(names)s) AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped;
SELECT c.relname, i.indexrelid::regclass::text, i.indisunique, i.indisvalid, i.indisready, i.indpred IS NULL, i.indkey::text,
       has_table_privilege(c.oid, 'select'), has_table_privilege(c.oid, 'insert')
FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
WHERE c.relname = ANY (%(names)s) AND c.relnamespace = 'public'::regnamespace
"""
HEADINGS = ("what", "other tables", "ours", "floor", "ratio (fastest, CPU)", "target", "")


def declared() -> dict[str, Needs]:
    """Return the needs of all services."""
    return {
        f"service {n}": Needs(
            {f"t{n}": COLUMNS},
            indexes=[Index(f"t{n}", "owner"), Index(f"t{n}", "id", unique=True)],
            privileges={f"t{n}": ("select", "insert")},
        )
        for n in range(SERVICES)
    }


async def taken(work: Callable[[], Awaitable[object]]) -> Sample:
    """Take the time of one run."""
    begun, worked = time.perf_counter(), time.process_time()
    await work()
    return Sample(time.perf_counter() - begun, time.process_time() - worked, 0)


async def ask_plainly(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Ask for the facts, and take them out."""
    cursor = psycopg.AsyncClientCursor(connection)
    await cursor.execute(FLOOR.encode(), {"names": [f"t{n}" for n in range(SERVICES)]})
    await cursor.fetchall()
    cursor.nextset()
    await cursor.fetchall()


async def ask_both(
    conninfo: str, needed: Sequence[Requirement], turns: int, repeats: int
) -> tuple[dict[str, list[Sample]], dict[str, list[Sample]]]:
    """Return the times of the first question on *turns* connections, and of *repeats* more on each."""
    fresh: dict[str, list[Sample]] = {"ours": [], "floor": []}
    warm: dict[str, list[Sample]] = {"ours": [], "floor": []}

    async def ours() -> None:
        assert await find_missing(database, needed) == []

    for _ in range(turns):
        database = Database(max_size=1)
        await database.open(conninfo, "bench")
        plain = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        contenders = {"ours": ours, "floor": lambda: ask_plainly(plain)}  # noqa: B023  # used in this turn
        for times in (fresh, *(warm for _ in range(repeats))):
            for name, work in contenders.items():
                times[name].append(await taken(work))
        await plain.close()
        await database.close()
    return fresh, warm


async def round_trips(server: Server, needed: Sequence[Requirement]) -> float:
    """Count what one question of all services costs on the wire, as the mean of many."""
    with Proxy(server.port) as proxy:
        database = Database(max_size=1)
        await database.open(
            f"host=127.0.0.1 port={proxy.port} user=postgres dbname=postgres sslmode=disable gssencmode=disable",
            "bench",
        )
        await database.identity()
        before = proxy.counts.round_trips
        for _ in range(_MANY):
            await find_missing(database, needed)
        counted = proxy.counts.round_trips - before
        await database.close()
    return counted / _MANY


def make_tables(conninfo: str, first: int, count: int, text: str) -> None:
    """Make tables, a few hundred in a transaction: in one, thousands take minutes."""
    for start in range(first, first + count, 250):
        with psycopg.connect(conninfo) as connection:
            numbers = range(start, min(start + 250, first + count))
            connection.execute("".join(text.format(n=n) for n in numbers).encode())


def row(what: str, others: int, times: dict[str, list[Sample]], target: float) -> str:
    """Write one line of the table."""
    ours, floor = Samples(times["ours"]), Samples(times["floor"])
    ratio = f"{ours.seconds / floor.seconds:.2f} ({ours.fastest / floor.fastest:.2f}, {ours.cpu / floor.cpu:.2f})"
    met = ("met" if ours.seconds <= target else "NOT MET") if target else ""
    limit = f"<= {target * 1000:.0f} ms" if target else ""
    return "| " + " | ".join((what, str(others), str(ours), str(floor), ratio, limit, met)) + " |"


def needs(quick: bool) -> None:
    """Measure with and without many other tables."""
    turns, repeats = (3, 5) if quick else (15, 10)
    with private_cluster(tcp=True) as server:
        make_tables(server.conninfo(), 0, SERVICES, TABLE)
        begun = time.perf_counter()
        needed = requirements_of(declared())
        seconds = time.perf_counter() - begun
        print(
            f"{len(needed)} requirements, read from their declarations in {seconds * 1000:.1f} ms"
        )
        print(f"round trips: {asyncio.run(round_trips(server, needed)):.1f}\n")
        print("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|")
        made = 0
        for others in OTHERS:
            make_tables(
                server.conninfo(),
                made,
                others - made,
                "CREATE TABLE other{n} (id bigint PRIMARY KEY, a text, b date);",
            )
            made = others
            with psycopg.connect(server.conninfo(), autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
            conninfo = server.conninfo()
            fresh, warm = asyncio.run(ask_both(conninfo, needed, turns, repeats))
            print(row("needs", others, warm, MOST))
            print(row("needs, fresh connection", others, fresh, 0), flush=True)


def main() -> None:
    """Measure the parts that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument(
        "--quick", action="store_true", help="few repetitions, to see that it works"
    )
    arguments = parser.parse_args()
    load = " ".join(f"{number:.1f}" for number in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load average {load}")
    if "needs" in (arguments.parts or PARTS):
        needs(arguments.quick)


if __name__ == "__main__":
    main()
