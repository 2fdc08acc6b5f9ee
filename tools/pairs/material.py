"""A folder of pairs: ``<source>/<name>/before.sql`` and ``after.sql``, each the whole of a schema, with rows if it likes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

BEFORE, AFTER = "before.sql", "after.sql"


@dataclass(frozen=True)
class Pair:
    """Two schemas of one project; ``key`` is a hash of both."""

    source: str
    name: str
    before: str
    after: str

    @property
    def key(self) -> str:
        """Return a hash of both texts."""
        return hashlib.sha256(f"{self.before}\0{self.after}".encode()).hexdigest()


def sources_in(folder: Path, names: Sequence[str] = ()) -> Iterator[tuple[str, list[Pair]]]:
    """Yield each source of *folder* (or those named) with its pairs in order; ``source/name`` names a single pair."""
    if not folder.is_dir():
        raise SystemExit(f"there is no folder {folder}")
    for name in names or sorted(entry.name for entry in folder.iterdir() if entry.name[0] != "."):
        source, _, single = name.partition("/")
        places = [folder / source / single] if single else sorted((folder / source).glob("*"))
        pairs = [_read(source, place) for place in places if (place / AFTER).is_file()]
        if not pairs and name in names:
            raise SystemExit(f"there is no pair in {folder / name}")
        if pairs:
            yield source, pairs


def _read(source: str, place: Path) -> Pair:
    before, after = (
        (place / file).read_text(encoding="utf-8", errors="replace") for file in (BEFORE, AFTER)
    )
    return Pair(source, place.name, before, after)
