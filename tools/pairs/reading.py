"""What the product reads of a database, held against pg_dump: it must see what pg_dump sees, and the same after a restore."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from lockstep.catalog.compare import compare
from lockstep.catalog.snapshot import Snapshot
from lockstep.embedded import Binaries
from pairs.bench import Bench
from pairs.dumped import differences, dump, dumped_text
from pairs.product import snapshot, told


@dataclass(frozen=True)
class Reading:
    """``restless``: what differs after a dump and a restore. ``blind``: what only pg_dump tells *before* from *after* by."""

    restless: list[str]
    blind: list[str]


def read(bench: Bench, binaries: Binaries, before: str, after: str) -> Reading:
    """Read two databases, and each again after it was dumped and restored."""
    old, new = (snapshot(bench.conninfo(name)) for name in (before, after))
    restless = [
        line
        for name, first in ((before, old), (after, new))
        for line in _after_restore(bench, binaries, name, first)
    ]
    if compare(new, old).differences:
        return Reading(restless, [])
    dumps = [dump(binaries, bench.conninfo(name)) for name in (after, before)]
    return Reading(restless, differences(*dumps))


def _after_restore(
    bench: Bench, binaries: Binaries, name: str, expected: Snapshot
) -> Iterator[str]:
    with bench.copy("template0") as restored:
        if not _restore(bench, binaries, name, restored):
            return  # pg_dump has its own limits: what it writes cannot always be run
        for one in compare(expected, snapshot(bench.conninfo(restored))).differences:
            yield told(one)


def _restore(bench: Bench, binaries: Binaries, name: str, into: str) -> bool:
    command = [binaries.directory / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--dbname"]
    done = subprocess.run(  # noqa: S603  # the server's own program
        [*map(str, command), bench.conninfo(into)],
        input=dumped_text(binaries, bench.conninfo(name), "--no-owner"),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0
