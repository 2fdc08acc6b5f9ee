"""``schema.lock``: what the migrations add up to, in a file that is read in reviews.

The first line names the format and the fingerprint: two branches that change the schema both change it, so that git reports a
conflict even where their other lines would merge. Below it stands one object a line, sorted by kind and name; the columns of
a table keep their order, because a table that is made again has them in this order.
"""

from __future__ import annotations

import re
from pathlib import Path

from lockstep.catalog.fact import KINDS, Fact
from lockstep.catalog.snapshot import Snapshot
from lockstep.errors import ConfigurationWrong, Place

VERSION = 1
_HEADER = re.compile(r"# lockstep schema (\d+) sha256:([0-9a-f]{64})$")
_ORDER = {kind: number for number, kind in enumerate(KINDS)}


def write_lock(snapshot: Snapshot) -> str:
    """Return the text of the lock file of *snapshot*."""
    facts = sorted(
        zip(snapshot.facts(), snapshot.lines, strict=True), key=lambda each: _place(each[0])
    )
    header = f"# lockstep schema {VERSION} sha256:{snapshot.fingerprint}"
    return "\n".join([header, *(line for _, line in facts)]) + "\n"


def read_lock(file: Path) -> Snapshot:
    """Return the snapshot that *file* holds.

    Raises ``ConfigurationWrong`` if it is no lock file, or if its lines are not what its first line says: after a merge, or
    after somebody edited it.
    """
    text = file.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
    header, _, rest = text.partition("\n")
    found = _HEADER.match(header)
    if found is None or int(found[1]) != VERSION:
        raise _unusable(file, "its first line is not that of a lock file of this version")
    snapshot = Snapshot(line for line in rest.split("\n") if line)
    if snapshot.fingerprint != found[2]:
        raise _unusable(file, "its lines are not those that its first line was made for")
    return snapshot


def _place(fact: Fact) -> tuple[int, tuple[str, ...]]:
    path = fact.path[:-1] if fact.kind == "column" else fact.path
    return _ORDER[fact.kind], path


def _unusable(file: Path, why: str) -> ConfigurationWrong:
    return ConfigurationWrong(
        f"{file.name} cannot be used: {why}",
        place=Place(str(file), 1),
        why="It was edited by hand, or merged: it is made by a command, from the migrations.",
        next_step="Run `lockstep snapshot`, and commit what it writes.",
    )
