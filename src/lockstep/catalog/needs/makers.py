"""Which migration makes a thing: the history is gone through in the mind, as lint does it, until the thing is there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from lockstep.catalog.needs.requirements import Requirement
from lockstep.sql.action import Thing
from lockstep.sql.analysis import Analyser
from lockstep.sql.objects import Key
from lockstep.sql.parser import NotParsed, parse
from lockstep.sql.state import State


def find_makers(
    folder: Path, wanted: Sequence[Requirement], path: Sequence[str]
) -> dict[Requirement, str]:
    """Return the name of the file that makes each thing, where one does; *path* is where unqualified names lead."""
    found: dict[Requirement, str] = {}
    analyser = Analyser()
    for file in sorted(folder.glob("*.sql")):
        with contextlib.suppress(NotParsed, OSError):
            analyser.learn(parse(file.read_text(encoding="utf-8", errors="replace")))
        for one in wanted:
            if one not in found and is_there(one, analyser.state, path):
                found[one] = file.name
    return found


def is_there(one: Requirement, state: State, path: Sequence[str] = ()) -> bool:
    """True if *state* is known to have what is required, whatever its type."""
    return any(_is_at(one, schema, state) for schema in schemas_of(one.schema, path))


def schemas_of(schema: str, path: Sequence[str]) -> Iterator[str]:
    """Yield the schemas that a name may be in, as the analyser calls them: there the usual one is empty."""
    if schema:
        yield "" if schema == "public" else schema
        return
    yield ""
    yield from (one for one in path if one not in {"public", "pg_catalog"})


def _is_at(one: Requirement, schema: str, state: State) -> bool:
    table: Key = ("relation", schema, one.name)
    if one.kind == "extension":
        return state.exists(("extension", one.name)) is True
    if one.kind == "function":
        return any(True for _ in state.functions(("function", schema, one.name, "")))
    if one.kind == "column":
        return state.exists(("column", *table[1:], one.column)) is True
    if one.kind == "index":
        return any(fits(one, thing) for thing in indexes_of(table, state))
    if one.kind == "foreign key":
        return any(refers(one, thing) for _, thing in state.parts(table, "constraint"))
    return state.exists(table) is True


def indexes_of(table: Key, state: State) -> Iterator[Thing]:
    """Yield the indexes of a table, those of its constraints too."""
    for key, thing in state.parts(table):
        if thing.kind == "index":
            yield thing
        if key[0] == "constraint":
            yield from (part for _, part in state.parts(key) if part.kind == "index")


def fits(one: Requirement, index: Thing) -> bool:
    """True if *index* is one as required."""
    columns = tuple(index.fact("columns", ()))
    if index.fact("partial") and not one.partial:
        return False
    if one.unique:
        return bool(index.fact("unique")) and sorted(columns) == sorted(one.columns)
    return columns[: len(one.columns)] == one.columns


def refers(one: Requirement, constraint: Thing) -> bool:
    """True if *constraint* is a foreign key as required, wherever it leads to."""
    columns = constraint.fact("columns", ())
    return constraint.kind == "foreign key" and sorted(columns) == sorted(one.columns)
