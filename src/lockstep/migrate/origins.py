"""Which migration should have made an object that is missing: a hint, looked for only when a boot is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Path as Names
from lockstep.catalog.needs.makers import find_makers
from lockstep.catalog.needs.requirements import Requirement

Key = tuple[str, Names]


def origins(differences: Sequence[Difference], migrations: Path) -> Mapping[Key, str]:
    """Return by their keys the names of the files that make the missing tables and columns, where one is found."""
    wanted = {each.fact.key: one for each in differences if (one := _requirement(each)) is not None}
    found: dict[Requirement, str] = {}
    with contextlib.suppress(
        Exception
    ):  # whatever is wrong with the files: the refusal stays as it is
        found = find_makers(migrations, tuple(wanted.values()), ("public",))
    return {key: found[one] for key, one in wanted.items() if one in found}


def _requirement(difference: Difference) -> Requirement | None:
    kind, path = difference.fact.kind, difference.fact.path
    if difference.what == "missing" and kind == "table" and len(path) == 2:
        return Requirement("", "table", "", *path)
    if difference.what == "missing" and kind == "column" and len(path) == 3:
        return Requirement("", "column", "", *path)
    return None
