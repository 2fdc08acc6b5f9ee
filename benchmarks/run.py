"""``make bench``: ratios against floors and a peer, taken in one run; by hand, never in a test.

A floor is a bare psycopg script that does the same work (``floors/``). All runs are taken in turn; the figures are medians with
the range, and the ratio is that of the medians. In brackets the ratio of the fastest runs and that of the processes' CPU time:
on a busy machine they are disturbed least. Processes start with a bare environment and compiled byte code. ``--quick`` takes few repetitions, to see that it works; parts may be named:
noop, fresh, wire, studio, and alembic for the peer.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from measure import Sample, Samples, Stopwatch, interleaved
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from studio_boot import ready_times
from wire import Counts, Proxy
from work import install_alembic, write_alembic, write_project

import lockstep
from lockstep.testing import Databases, Server, private_cluster

HERE = Path(__file__).parent
LOCKSTEP = Path(sys.executable).with_name("lockstep")
SIZES = (100, 1000)
PARTS = ("alembic", "noop", "fresh", "wire", "studio")
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``target`` 0 means that the row only informs."""

    what: str
    files: int | str
    ours: object
    floor: object
    ratio: float
    target: float = 0
    peer: object = ""
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the line's cells as text."""
        verdict = ("met" if self.ratio <= self.target else "NOT MET") if self.target else ""
        limit = f"<= {self.target:g}" if self.target else ""
        ratio = f"{self.ratio:.2f}{self.note}"
        row = (self.what, self.files, self.ours, self.floor, self.peer, ratio, limit, verdict)
        return tuple(str(cell) for cell in row)


HEADINGS = ("what", "files", "ours", "floor", "peer", "ratio (fastest, CPU)", "target", "")


class Bench:
    """The server, the projects on it, and the contenders."""

    def __init__(self, server: Server, databases: Databases, root: Path, quick: bool) -> None:
        self.server = server
        self.databases = databases
        self.root = root
        self.quick = quick
        self.rows: list[Row] = []
        self.watch = Stopwatch(root)
        self.alembic: Path | None = None
        self.alembic_versions = ""

    def repeats(self, usual: int) -> int:
        """Return how often to run."""
        return min(usual, 2) if self.quick else usual

    def url(self, conninfo: str, port: int = 0) -> str:
        """Return a database as every contender is told it: by TCP, without encryption."""
        name = conninfo_to_dict(conninfo)["dbname"]
        where = f"127.0.0.1:{port or self.server.port}"
        return f"postgresql://postgres@{where}/{name}?sslmode=disable&gssencmode=disable"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database for the block; it is gone before anything else is measured."""
        conninfo = self.databases.create()
        try:
            yield self.url(conninfo)
        finally:
            name = sql.Identifier(str(conninfo_to_dict(conninfo)["dbname"]))
            with psycopg.connect(self.server.conninfo(), autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def up(self, project: Path, url: str, at_once: int = 1) -> Sample:
        """Run ``lockstep up``."""
        return self.watch.run(
            LOCKSTEP, "up", cwd=project, at_once=at_once, LOCKSTEP_DATABASE_URL=url
        )

    def floor(self, name: str, project: Path, url: str, at_once: int = 1) -> Sample:
        """Run a floor."""
        script = HERE / "floors" / f"{name}.py"
        return self.watch.run(sys.executable, script, url, cwd=project, at_once=at_once)

    def upgrade(self, project: Path, url: str) -> Sample:
        """Run ``alembic upgrade head``."""
        assert self.alembic is not None
        url = url.replace("postgresql://", "postgresql+psycopg://")
        return self.watch.run(self.alembic, "upgrade", "head", cwd=project, DATABASE_URL=url)

    def compare(
        self, what: str, files: int, taken: dict[str, Samples], target: float, peer: object = ""
    ) -> None:
        """Add a row for wall times."""
        ours, floor = taken["ours"], taken["floor"]
        row = Row(
            what,
            files,
            ours,
            floor,
            ours.seconds / floor.seconds,
            target,
            peer,
            beside(ours, floor),
        )
        self.rows.append(row)


def nothing_to_do(bench: Bench, count: int, project: Path) -> None:
    """Measure boots of a schema that is at head."""
    progress(f"nothing to do, {count} files")
    with bench.database() as url, bench.database() as peers_url:
        bench.up(project, url)
        in_process(bench, count, project, url)
        contenders = {
            "ours": lambda: bench.up(project, url),
            "floor": lambda: bench.floor("noop", project, url),
        }
        if bench.alembic:
            bench.upgrade(project, peers_url)
            contenders["alembic"] = lambda: bench.upgrade(project, peers_url)
        taken = interleaved(contenders, dict.fromkeys(contenders, bench.repeats(15)))
        ours, floor, alembic = taken["ours"], taken["floor"], taken.get("alembic")
        bench.compare("nothing to do, process", count, taken, 1.2)
        if alembic:
            what, ratio = "  against alembic upgrade head", ours.seconds / alembic.seconds
            row = Row(what, count, ours, "", ratio, 0.35, alembic, beside(ours, alembic))
            bench.rows.append(row)
        memory(bench, "  its memory", count, ours, floor, alembic)
        contenders = {
            "ours": lambda: bench.up(project, url, at_once=8),
            "floor": lambda: bench.floor("noop", project, url, at_once=8),
        }
        taken = interleaved(contenders, dict.fromkeys(contenders, bench.repeats(9)))
        bench.compare("eight at once, nothing to do", count, taken, 1.3)


def beside(ours: Samples, other: Samples) -> str:
    """Return the ratios of the fastest runs and of the CPU times."""
    return f" ({ours.fastest / other.fastest:.2f}, {ours.cpu / other.cpu:.2f})"


def in_process(bench: Bench, count: int, project: Path, url: str) -> None:
    """Measure the same without starting an interpreter and importing."""
    done = subprocess.run(
        [sys.executable, str(HERE / "in_process.py"), url, str(bench.repeats(41))],
        cwd=project,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    taken = {
        name: Samples([Sample(seconds, cpu, 0) for seconds, cpu in runs])
        for name, runs in json.loads(done.stdout).items()
    }
    bench.compare("nothing to do, in process", count, taken, 1.3)
    for name, what in (
        ("reading", "  floor that reads and hashes too"),
        ("statements", "  floor that sends our two statements"),
    ):
        bench.compare(what, count, {"ours": taken["ours"], "floor": taken[name]}, 0)


def fresh(bench: Bench, count: int, project: Path) -> None:
    """Measure boots of empty databases."""
    progress(f"fresh, {count} files")

    def ours() -> Sample:
        with bench.database() as url:
            return bench.up(project, url)

    def floor() -> Sample:
        with bench.database() as url:
            return bench.floor("fresh", project, url)

    def alembic() -> Sample:
        with bench.database() as url:
            return bench.upgrade(project, url)

    contenders = {"ours": ours, "floor": floor}
    repeats = bench.repeats(11 if count <= 100 else 7)
    often = {"ours": repeats, "floor": repeats}
    if bench.alembic:
        contenders["alembic"] = alembic
        often["alembic"] = 3 if count <= 100 else 1
    taken = interleaved(contenders, often)
    bench.compare("fresh, process", count, taken, 1.25, taken.get("alembic", ""))
    memory(bench, "  its memory", count, taken["ours"], taken["floor"], taken.get("alembic"))


def memory(
    bench: Bench, what: str, count: int, ours: Samples, floor: Samples, peer: Samples | None
) -> None:
    """Add a row for peaks of memory."""
    sizes = [f"{s.peak / MEBIBYTE:.1f} MiB" if s else "" for s in (ours, floor, peer)]
    bench.rows.append(Row(what, count, sizes[0], sizes[1], ours.peak / floor.peak, 1.5, sizes[2]))


def on_the_wire(bench: Bench, projects: dict[int, Path]) -> None:
    """Count statements and round trips; untimed."""
    progress("on the wire")
    ours, floor = {}, {}
    for count, project in projects.items():
        with bench.database() as url, bench.database() as floors_url:
            ours[count] = counted(bench, url, partial(bench.up, project)).round_trips
            fresh_floor = partial(bench.floor, "fresh", project)
            floor[count] = counted(bench, floors_url, fresh_floor).round_trips
            again = counted(bench, url, partial(bench.up, project)).statements
            least = counted(bench, url, partial(bench.floor, "noop", project)).statements
        bench.rows.append(Row("nothing to do: statements", count, again, least, again, 2))
    small, large = min(projects), max(projects)
    files = large - small
    each, floors_each = (ours[large] - ours[small]) / files, (floor[large] - floor[small]) / files
    bench.rows.append(
        Row(
            "fresh: round trips a file",
            f"{small}-{large}",
            f"{each:.2f}, and {ours[small] - each * small:.0f} in all",
            f"{floors_each:.2f}, and {floor[small] - floors_each * small:.0f}",
            each,
            2,
        )
    )


def counted(bench: Bench, url: str, run: Callable[[str], object]) -> Counts:
    """Return what *run* sends to the database of *url*, reached through the proxy."""
    with Proxy(bench.server.port) as proxy:
        run(url.replace(f":{bench.server.port}/", f":{proxy.port}/"))
    return proxy.counts


def studio(bench: Bench) -> None:
    """Print the studio's ready time with the share of each step."""
    progress("the studio")
    folder = bench.root / "studio"
    folder.mkdir()
    first, again, steps = ready_times(folder, bench.repeats(5))
    print(f"\nThe studio on the embedded PostgreSQL: ready after {first:.2f} s the first time,")
    print(f"{again:.2f} s when it was there before (median), of which:")
    steps["between the steps"] = again - sum(steps.values())
    for name, seconds in steps.items():
        print(f"  {name:<22} {seconds * 1000:7.1f} ms  {seconds / again:4.0%}")


def print_table(rows: list[Row]) -> None:
    """Print *rows* as a Markdown table."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    for number, line in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def print_setting(bench: Bench) -> None:
    """Say what was measured on."""
    with psycopg.connect(bench.server.conninfo()) as connection:
        query = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit') ORDER BY name"
        settings = ", ".join(f"{name} {setting}" for name, setting in connection.execute(query))
    driver = f"psycopg {psycopg.__version__} ({psycopg.pq.__impl__})"
    print(f"lockstep {lockstep.__version__}, {driver}, Python {platform.python_version()}")
    print(f"PostgreSQL {bench.server.version} ({settings}), by TCP on 127.0.0.1")
    print(f"peer: {bench.alembic_versions}")
    print(f"{os.cpu_count()} CPUs, load average {' '.join(f'{n:.1f}' for n in os.getloadavg())}")


def progress(text: str) -> None:
    """Say what is being measured now."""
    print(f"... {text} (load {os.getloadavg()[0]:.1f})", file=sys.stderr, flush=True)


def compile_all() -> None:
    """See that byte code is there for both sides, as an installation by pip leaves it."""
    for package in (lockstep, psycopg, sys.modules["psycopg_binary"]):
        compileall.compile_dir(Path(package.__file__ or "").parent, quiet=2)


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions")
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="PART", help=" ".join(PARTS))
    options = parser.parse_args()
    compile_all()
    with (
        tempfile.TemporaryDirectory(prefix="lockstep-bench-") as scratch,
        private_cluster(tcp=True) as server,
        Databases(server.conninfo()) as databases,
    ):
        bench = Bench(server, databases, Path(scratch), options.quick)
        measure(bench, options.parts)


def measure(bench: Bench, parts: Sequence[str]) -> None:
    """Measure *parts*, and print."""
    projects = {count: write_project(bench.root / str(count), count) for count in SIZES}
    bench.alembic_versions = "left out"
    if "alembic" in parts:
        progress("installing alembic")
        bench.alembic, bench.alembic_versions = install_alembic(bench.root / "peer")
        for count, project in projects.items():
            write_alembic(project, count)
    with bench.watch:
        for part, run in (("noop", nothing_to_do), ("fresh", fresh)):
            for count, project in projects.items():
                if part in parts:
                    run(bench, count, project)
        if "wire" in parts:
            on_the_wire(bench, projects)
    print_setting(bench)
    print()
    print_table(bench.rows)
    if not bench.alembic:
        print(f"\nNo row against alembic: {bench.alembic_versions}")
    if "studio" in parts:
        studio(bench)


if __name__ == "__main__":
    main()
