"""``make bench-catalog``: recognise, read, compare and plan, beside floors and peers, in one run; by hand, never in a test.

At 100, 1,000 and 5,000 tables of eight columns, two indexes and a foreign key, on a server with 256 MB of shared buffers:

- the token, beside a bare psycopg script of the same query;
- the canonical fingerprint, beside the one statement that hashes the same relations in a text of its own (``floors/fingerprint.sql``);
- both databases read, compared and a repair planned, beside migra (two databases) and Alembic's autogenerate (models and one database).

Every run has a new connection, as at the start of a service. Runs are taken in turn; figures are medians with the range, ratios are those of
the medians (in brackets of the fastest runs). Peers come from PyPI into a throw-away environment. ``--quick``: the two small sizes, few runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
from measure import Sample, Samples, interleaved
from psycopg.conninfo import conninfo_to_dict

from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.planner import make_plan
from lockstep.catalog.snapshot import read_snapshot
from lockstep.catalog.token import read_token, token_statement
from lockstep.postgres.connection import connect_now
from lockstep.postgres.session import Session
from lockstep.schemas import together
from lockstep.testing import Databases, private_cluster

HERE = Path(__file__).parent
SIZES = (100, 1000, 5000)
BATCH = 250
PEERS = ("migra", "psycopg2-binary", "setuptools<81", "alembic")
TABLE = """
CREATE TABLE t{n} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL DEFAULT 0, b text DEFAULT 'x', c varchar(30), d jsonb DEFAULT '{{}}',
    e timestamptz NOT NULL DEFAULT now(), f numeric(10, 2) DEFAULT 1.5, g bigint
);
CREATE INDEX t{n}_a ON t{n} (a, b);
CREATE INDEX t{n}_e ON t{n} (e DESC);
ALTER TABLE t{n} ADD CONSTRAINT t{n}_fk FOREIGN KEY (g) REFERENCES t{before} (id);
"""
DRIFT = """
ALTER TABLE t10 DROP c; DROP TABLE t99 CASCADE; ALTER TABLE t20 DROP CONSTRAINT t20_fk; DROP INDEX t30_a; ALTER TABLE t40 ALTER a DROP DEFAULT;
ALTER TABLE t50 ALTER a DROP NOT NULL; ALTER TABLE t60 ALTER c TYPE varchar(20); ALTER TABLE t70 ADD extra int; CREATE TABLE more (id int);
ALTER TABLE t80 ALTER f SET DEFAULT 2
"""
CONNECTED = "set search_path=''; set jit=off; set max_parallel_workers_per_gather=0; set work_mem='64MB'; set lock_timeout='2s'"


def url_of(conninfo: str, port: int) -> str:
    """Return a database as every contender is told it: by TCP, without encryption."""
    name = conninfo_to_dict(conninfo)["dbname"]
    return f"postgresql://postgres@127.0.0.1:{port}/{name}?sslmode=disable"


def fill(url: str, count: int) -> None:
    """Make *count* tables, some hundred a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(0, count, BATCH):
            numbers = range(first, min(count, first + BATCH))
            text = "".join(TABLE.format(n=n, before=max(0, n - 1)) for n in numbers)
            connection.execute(f"BEGIN; {text} COMMIT")
        connection.execute("VACUUM ANALYZE")


def session_on(url: str) -> Session:
    """Connect as the engine does."""
    return connect_now(url, "the benchmark", "benchmark")


def timed(work: Callable[[], object]) -> Sample:
    """Run *work* in this process."""
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    return Sample(time.perf_counter() - begun, time.process_time() - cpu, 0)


def token(url: str) -> None:
    """Connect and read the token."""
    with closing(session_on(url)) as session:
        read_token(session)


def bare_token(url: str) -> None:
    """Run the same query in the fewest calls of psycopg."""
    with psycopg.connect(url, autocommit=True) as connection:
        query = token_statement(connection.info.server_version)
        connection.execute(f"SET search_path = pg_catalog; SET jit = off; {query}")


def fingerprint(url: str) -> str:
    """Connect, read all lines and hash them."""
    with closing(session_on(url)) as session:
        return read_snapshot(session).fingerprint


def bare_fingerprint(url: str) -> None:
    """Let the server hash the same relations."""
    text = (HERE / "floors" / "fingerprint.sql").read_text(encoding="utf-8")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(CONNECTED)
        connection.execute(text.encode())


def repair_plan(live: str, expected: str) -> int:
    """Read both, compare, and plan the repair; return how many steps it has."""
    with closing(session_on(live)) as there, closing(session_on(expected)) as here:
        wanted, found = together(lambda: read_snapshot(here), lambda: read_snapshot(there))
        major = there.server_version // 10000
        return len(make_plan(wanted, found, Choices(), server=major).pieces)


def install(root: Path, peers: tuple[str, ...] = PEERS) -> str:
    """Make a throw-away environment with the peers; return what went wrong, or nothing."""
    python = str(root / "bin" / "python")
    for command in ([sys.executable, "-m", "venv", str(root)], [python, "-m", "pip", "install", "--quiet", *peers]):  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return ""


def peer(python: Path, script: str, *arguments: str) -> Sample:
    """Run a peer, which says itself how long its work took."""
    command = [str(python), "-W", "ignore", str(HERE / "peers" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{script} exited with {done.returncode}:\n{done.stderr[-2000:]}")
    return Sample(float(done.stdout.split()[0]), 0, 0)


def row(what: str, count: int, ours: Samples, other: Samples, limit: float, *, faster: bool) -> str:
    """Write the figures of both and whether the target is met."""
    ratio, fastest = ours.seconds / other.seconds, ours.fastest / other.fastest
    if faster:
        ratio, fastest = 1 / ratio, 1 / fastest
    met = ratio >= limit if faster else ratio <= limit
    target = f"{'>=' if faster else '<='} {limit:g}" if limit else ""
    verdict = ("met" if met else "NOT MET") if limit else ""
    cells = (f"{what:<34}", f"{count:>6}", f"{ours!s:<24}", f"{other!s:<24}", f"{ratio:.2f} ({fastest:.2f})".ljust(16), target.ljust(8), verdict)  # fmt: skip
    return "  ".join(cells).rstrip()


def measure(count: int, expected: str, live: str, python: Path | None, repeats: int) -> Samples:
    """Measure one size and print its rows; return what the plan took."""
    largest = count == SIZES[-1]
    contenders: dict[str, Callable[[], Sample]] = {
        "token": partial(timed, partial(token, expected)),
        "bare token": partial(timed, partial(bare_token, expected)),
        "fingerprint": partial(timed, partial(fingerprint, expected)),
        "bare fingerprint": partial(timed, partial(bare_fingerprint, expected)),
        "plan": partial(timed, partial(repair_plan, live, expected)),
    }
    turns = dict.fromkeys(contenders, repeats)
    if python:
        contenders["migra"] = partial(peer, python, "migra_plan.py", live, expected)
        contenders["alembic"] = partial(peer, python, "alembic_plan.py", live, str(count))
        turns |= {"migra": min(repeats, 3), "alembic": 1 if largest else min(repeats, 3)}
    taken = interleaved(contenders, turns)
    print(row("token, beside a bare script", count, taken["token"], taken["bare token"], 1.2, faster=False))  # fmt: skip
    print(row("fingerprint, beside the floor", count, taken["fingerprint"], taken["bare fingerprint"], 1.3 if largest else 0, faster=False))  # fmt: skip
    for name, times in (("migra", 6.0), ("alembic", 25.0)):
        if name in taken:
            print(row(f"read both, compare, plan: {name}", count, taken["plan"], taken[name], times if largest else 0, faster=True))  # fmt: skip
    return taken["plan"]


def main() -> None:
    """Measure all sizes and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the two small sizes, few runs")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as scratch:
        wrong = install(Path(scratch) / "peers")
        python = None if wrong else Path(scratch) / "peers" / "bin" / "python"
        if wrong:
            print(f"no peers: {wrong}")
        with private_cluster(settings={"shared_buffers": "256MB"}, tcp=True) as server, Databases(server.conninfo()) as databases:  # fmt: skip
            load = " ".join(f"{n:.1f}" for n in os.getloadavg())
            print(f"PostgreSQL {server.version}, Python {platform.python_version()}, {os.cpu_count()} CPUs, load average {load}")  # fmt: skip
            plans = {}
            for count in SIZES[:2] if quick else SIZES:
                made = [
                    databases.create(f"{count} tables", partial(fill, count=count))
                    for _ in range(2)
                ]
                expected, live = (url_of(conninfo, server.port) for conninfo in made)
                with psycopg.connect(live, autocommit=True) as connection:
                    connection.execute(DRIFT)
                plans[count] = measure(count, expected, live, python, 2 if quick else 5)
            if not quick:
                print(row("growth of the plan from 1,000", SIZES[2], plans[SIZES[2]], plans[SIZES[1]], 5.5, faster=False))  # fmt: skip


if __name__ == "__main__":
    main()
