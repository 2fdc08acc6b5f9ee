"""What hangs on a table, as far as the history tells: its partitions, its partners by foreign keys, its indexes and checks."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.sql.action import Thing
from lockstep.sql.data import candidate_columns
from lockstep.sql.objects import Key
from lockstep.sql.state import State
from lockstep.sql.tree import Node, only, relations_in, strings


def partitions(table: Key, state: State) -> Iterator[Key]:
    """Yield the partitions of a table, and theirs."""
    for part, _ in state.parts(table, "partition"):
        child = state.key("relation", tuple(part[-1].split(".")))
        yield child
        yield from partitions(child, state)


def default_partition(table: Key, state: State) -> Key | None:
    """Return the partition that takes what no other does."""
    for part, thing in state.parts(table, "partition"):
        if thing.fact("default"):
            return state.key("relation", tuple(part[-1].split(".")))
    return None


def partitioned(table: Key, state: State) -> bool:
    """True if the history made the table as a partitioned one."""
    thing = state.thing(table)
    return bool(thing and thing.fact("partitioned"))


def partners(table: Key, state: State) -> Iterator[Key]:
    """Yield the tables that foreign keys join with this one, in either direction."""
    for constraint in foreign_keys(table, state):
        yield from (target for target in constraint.fact("uses", ()) if target != table)
    yield from referrers(table, state)


def foreign_keys(table: Key, state: State) -> Iterator[Thing]:
    """Yield the table's own foreign keys."""
    yield from (t for _, t in state.parts(table, "constraint") if t.kind == "foreign key")


def referrers(table: Key, state: State, column: str = "") -> Iterator[Key]:
    """Yield the tables whose foreign keys refer to this one, or to one *column* of it."""
    for key, thing in state.users(table):
        if thing.kind == "foreign key" and key[1:3] != table[1:]:
            columns = thing.fact("target_columns") or _primary_key(table, state)
            if not column or column in columns:
                yield ("relation", *key[1:3])


def _primary_key(table: Key, state: State) -> tuple[str, ...]:
    keys = (t.columns for _, t in state.parts(table, "constraint") if t.kind == "primary key")
    return next(keys, ())


def indexes(table: Key, state: State) -> Iterator[Thing]:
    """Yield the table's indexes, those of its constraints among them."""
    yield from (t for _, t in state.parts(table, "relation") if t.kind == "index")
    for constraint, _ in state.parts(table, "constraint"):
        yield from (t for _, t in state.parts(constraint, "relation") if t.kind == "index")


def table_of(index: Key, state: State) -> Key | None:
    """Return the table of an index that the history knows."""
    thing = state.thing(index)
    owner = thing.owner if thing else None
    if owner is not None and owner[0] == "constraint":
        return ("relation", *owner[1:3])
    return owner


def valid(constraint: Thing) -> bool:
    """True if the constraint is known to hold for every row: it is neither NOT VALID nor NOT ENFORCED."""
    return not (constraint.definition or {}).get("skip_validation")


def not_null(column: Key, state: State) -> bool:
    """True if the column is known to be NOT NULL."""
    thing = state.thing(column)
    return bool(thing and thing.fact("not_null"))


def proven_not_null(column: Key, state: State) -> bool:
    """True if a valid CHECK proves that the column holds no NULL."""
    table: Key = ("relation", *column[1:3])
    return any(
        thing.kind == "check"
        and valid(thing)
        and _proves((thing.definition or {}).get("raw_expr", {}), column[3])
        for _, thing in state.parts(table, "constraint")
    )


def _proves(expression: Node, column: str) -> bool:
    kind, fields = only(expression)
    if kind == "BoolExpr" and fields.get("boolop") == "AND_EXPR":
        return any(_proves(part, column) for part in fields.get("args", ()))
    if kind == "NullTest" and fields.get("nulltesttype") == "IS_NOT_NULL":
        argument = only(fields.get("arg", {}))
        return argument[0] == "ColumnRef" and strings(argument[1].get("fields"))[-1:] == (column,)
    return False


def checked(column: Key, state: State) -> bool:
    """True if a CHECK that holds for every row is about the column."""
    table: Key = ("relation", *column[1:3])
    return any(
        thing.kind == "check" and column[3] in thing.columns and valid(thing)
        for _, thing in state.parts(table, "constraint")
    )


def view_showing(column: Key, state: State) -> Key | None:
    """Return a view that shows the column: its type cannot change under it (0A000)."""
    table: Key = ("relation", *column[1:3])
    for view, thing in state.users(table):
        if thing.kind in {"view", "materialized view"} and _shows(thing.definition, column, state):
            return view
    return None


def _shows(query: Node | None, column: Key, state: State) -> bool:
    for candidates in candidate_columns(query or {}, state):
        others = (one for one in candidates if one != column)
        if column in candidates and not any(state.exists(one) for one in others):
            return True
    return "A_Star" in str(query) and len(list(relations_in(query or {}))) == 1
