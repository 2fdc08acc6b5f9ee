"""Would a file take away what a release that still runs needs? Pure: the files are played on the schema as it is now.

A release holds together with the schema if what held before a file holds after it as well: a table that is renamed, with a view
under its old name, is still there; an index that is built anew is too. What happens inside of a file is nobody's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lockstep.catalog.needs.makers import fits, indexes_of, refers, schemas_of
from lockstep.catalog.needs.names import shown
from lockstep.catalog.needs.requirements import Requirement
from lockstep.catalog.needs.spelled_types import read_type
from lockstep.sql.action import Action, Thing
from lockstep.sql.actions import actions_of
from lockstep.sql.followed import follow
from lockstep.sql.objects import Key
from lockstep.sql.parser import Statement
from lockstep.sql.rerun import Run
from lockstep.sql.shapes import constraint_columns
from lockstep.sql.state import State
from lockstep.values import dataclass

_LIVE = "as it is"
_VIEWS = {"v": "view", "m": "materialized view"}
_TAKING = {"drop", "rename"}


@dataclass(frozen=True, slots=True)
class Running:
    """A release that runs, in so many processes, one of them on that host."""

    app: str
    release: str
    processes: int
    host: str
    needed: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a statement of a file takes from a release: ``what`` says it, ``offset`` is where the statement begins."""

    what: str
    offset: int
    needed: Requirement
    running: Running


class Schema:
    """The schema as it is, as far as *releases* need it, and as the files make it one after the other.

    *live* are rows of kind, schema, name and body; *path* is where unqualified names of the files lead.
    """

    def __init__(
        self,
        releases: Sequence[Running],
        live: Iterable[Mapping[str, Any]],
        path: Sequence[str],
        server: int,
    ) -> None:
        self._state = state = State(server)
        state.path = tuple("" if name == "public" else name for name in path) or ("",)
        for row in live:
            _add(row, state)
        self._releases = releases
        self._add_extensions()
        self._lacking = self._lacks()

    def play(self, statements: Sequence[Statement]) -> list[Taken]:
        """Return what a file of these statements takes away, each by the first statement that does it."""
        state, before = self._state, self._lacking
        path = state.path
        run = Run(state)
        first: dict[tuple[int, Requirement, str], int] = {}
        for number, statement in enumerate(statements):
            actions = run.first(number, actions_of(statement, state))
            follow(statement, state)
            for action in actions:
                _note_unproven(action, state)
            if any(map(_may_take, actions)):
                for key in self._lacks():
                    first.setdefault(key, statement.offset)
        state.path = path
        self._lacking = after = self._lacks() if first else before
        taken = [key for key in after if key not in before]
        return [
            Taken(what, first[release, one, what], one, self._releases[release])
            for release, one, what in _told_once(taken)
        ]

    def _lacks(self) -> dict[tuple[int, Requirement, str], None]:
        return {
            (number, one, what): None
            for number, release in enumerate(self._releases)
            for one in release.needed
            for what in _lacks(one, self._state)
        }

    def _add_extensions(self) -> None:
        for release in self._releases:
            for one in release.needed:
                if one.kind == "extension":
                    self._state.add(("extension", one.name), Thing("extension"))


def _add(row: Mapping[str, Any], state: State) -> None:
    schema, name, body = _schema(row["schema"]), row["name"], row["body"]
    if row["kind"] == "function":
        arguments = ",".join(body["arguments"] or ())
        state.add(("function", schema, name, arguments), Thing("function"))
        return
    table: Key = ("relation", schema, name)
    state.add(table, Thing(_VIEWS.get(body["kind"], "table")))
    for column in body["columns"] or ():
        facts = {"type": _LIVE, **column, "default": _LIVE if column["default"] else None}
        state.add(("column", *table[1:], column["name"]), Thing("column", facts=facts))
    for index in body["indexes"] or ():
        facts = {**index, "columns": tuple(index["columns"])}
        owner = ("constraint", *table[1:], index["constraint"]) if index["constraint"] else table
        if owner is not table:
            state.add(owner, Thing("unique", columns=facts["columns"]))
        columns = tuple(filter(None, facts["columns"])) if owner is table else ()
        state.add(("relation", schema, index["name"]), Thing("index", None, owner, columns, facts))
    for key in body["foreign keys"] or ():
        columns = tuple(key["columns"])
        thing = Thing("foreign key", None, None, columns, {"columns": columns})
        state.add(("constraint", *table[1:], key["name"]), thing)


def _schema(name: str) -> str:
    return "" if name == "public" else name


def _may_take(action: Action) -> bool:
    return action.verb in _TAKING or action.verb == "replace" or _alters(action)


def _alters(action: Action) -> bool:
    return action.verb in {"use", "create"} and action.key[0] in {
        "column",
        "relation",
        "constraint",
    }


def _note_unproven(action: Action, state: State) -> None:
    """Note a NOT NULL that is NOT VALID: nobody has looked at the old rows, but new ones must heed it."""
    node = action.node if isinstance(action.node, Mapping) else {}
    constraint = node.get("def", {}).get("Constraint", {})
    if constraint.get("contype") != "CONSTR_NOTNULL":
        return
    for column in constraint_columns(constraint):
        key = ("column", *action.key[1:3], column)
        thing = state.thing(key)
        if thing is not None:
            state.add(key, thing._replace(facts={**(thing.facts or {}), "not_null": True}))


def _lacks(one: Requirement, state: State) -> Iterator[str]:
    """Yield in words what keeps the schema from having what is required."""
    if one.kind == "extension":
        if state.thing(("extension", one.name)) is None:
            yield f"drops extension {shown(one.name)}"
    elif one.kind == "function":
        (schema,) = schemas_of(one.schema, ())
        if not _has_function(one, schema, state):
            yield f"takes away function {one.declared}"
    elif one.object in {"", "table"}:
        (schema,) = schemas_of(one.schema, ())
        yield from _table_lacks(one, ("relation", schema, one.name), state)


def _table_lacks(one: Requirement, table: Key, state: State) -> Iterator[str]:
    whole = state.thing(table)
    if whole is None:
        yield f"takes away table {one.declared}"
    elif one.kind == "column":
        yield from _column_lacks(one, table, whole, state)
    elif one.kind == "index":
        if not any(fits(one, index) for index in indexes_of(table, state)):
            yield f"takes away {one}"
    elif one.kind == "foreign key":
        if not any(refers(one, thing) for _, thing in state.parts(table, "constraint")):
            yield f"takes away {one}"
    elif one.privilege == "insert" and one.columns:
        yield from _demands(one, table, state)


def _column_lacks(one: Requirement, table: Key, whole: Thing, state: State) -> Iterator[str]:
    column = state.thing(("column", *table[1:], one.column))
    if column is None:
        if whole.kind not in _VIEWS.values():  # what a view shows is not known here
            yield f"takes away {one}"
        return
    type_ = column.fact("type", _LIVE)
    if one.types and type_ not in {_LIVE, ""} and not _will_do(one, column):
        wanted = " or ".join(known.text for known in one.types)
        yield f"makes {one} {_type(column)}, which is needed as {wanted},"
    not_null = bool(column.fact("not_null"))
    if one.nullable is True and not_null:
        yield f"makes {one} NOT NULL, into which NULL is written,"
    if one.nullable is False and not not_null:
        yield f"lets {one} hold NULL, which is not expected there,"


def _will_do(one: Requirement, column: Thing) -> bool:
    try:
        found = read_type(_type(column))
    except ValueError:
        return False
    for wanted in one.types:
        if wanted.builtin and wanted.text == found.text:
            return True
        if not wanted.builtin and (wanted.name, wanted.rest) == (found.name, found.rest):
            return not found.schema or not wanted.schema or found.schema == wanted.schema
    return False


def _type(column: Thing) -> str:
    """Write the type of a column as SQL spells it; what the fields of an interval are is not told apart."""
    name, modifiers = str(column.fact("type")), column.fact("modifiers", ())
    if not modifiers or name.startswith("interval"):
        return name
    element, array = (name[:-2], "[]") if name.endswith("[]") else (name, "")
    return f"{element}({','.join(map(str, modifiers))}){array}"


def _demands(one: Requirement, table: Key, state: State) -> Iterator[str]:
    """Yield the columns that every new row must fill, and that who inserts rows does not know."""
    for key, column in state.parts(table, "column"):
        filled = column.fact("generated") or column.fact("default") is not None
        if column.fact("not_null") and not filled and key[3] not in one.columns:
            yield f"demands a value for {shown(key[3])} of every new row of {one.declared}"


def _has_function(one: Requirement, schema: str, state: State) -> bool:
    if one.arguments is None:
        return any(True for _ in state.functions(("function", schema, one.name, "")))
    arguments = ",".join(type_.text for type_ in one.arguments)
    known = state.thing(("function", schema, one.name, arguments))
    return known is not None or (
        not one.schema and any(True for _ in state.functions(("function", schema, one.name, "")))
    )


def _told_once(
    taken: Sequence[tuple[int, Requirement, str]],
) -> Iterator[tuple[int, Requirement, str]]:
    """Leave out what goes along with a column of the same release (its index, its foreign key), and what was just said."""
    gone = {
        (release, one.service, one.schema, one.name, one.column)
        for release, one, _ in taken
        if one.kind == "column"
    }
    said = set()
    for release, one, what in taken:
        columns = ((release, one.service, one.schema, one.name, c) for c in one.columns)
        goes_along = one.kind in {"index", "foreign key"} and any(c in gone for c in columns)
        if not goes_along and (release, one.service, what) not in said:
            said.add((release, one.service, what))
            yield release, one, what
