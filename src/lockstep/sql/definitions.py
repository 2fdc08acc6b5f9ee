"""IF NOT EXISTS compares names only: whether what is there is what the statement defines.

PostgreSQL accepts a table, view or index of any shape under the name with a NOTICE (42P07, 42701), on every version.
"""

from __future__ import annotations

from lockstep.sql.action import Action, Thing
from lockstep.sql.state import State
from lockstep.sql.tree import plain


def differs(action: Action, known: Thing, state: State) -> bool:
    """True if *action* (a CREATE or ADD with IF NOT EXISTS) defines something else than what is *known* under its name."""
    if action.rule == "create-table":
        return known.kind != "table" or _other_columns(action, known, state)
    if action.rule == "create-index":
        return known.kind != "index" or _other_index(action, known)
    if action.rule == "add-column":
        return any(_differ(action.thing, known, fact) for fact in ("type", "modifiers"))
    return False


def _other_columns(action: Action, known: Thing, state: State) -> bool:
    if known.definition is None:
        return False
    there = {key[3]: thing for key, thing in state.parts(action.key, "column")}
    wanted = {key[3]: thing for key, thing in action.parts if key[0] == "column"}
    if not wanted or any("TableLikeClause" in item for item in action.thing.definition or ()):
        return False
    return there.keys() != wanted.keys() or any(
        _differ(thing, there[name], "type") for name, thing in wanted.items()
    )


def _other_index(action: Action, known: Thing) -> bool:
    if (
        known.owner is not None
        and known.owner[0] == "relation"
        and known.owner != action.thing.owner
    ):
        return True
    if not isinstance(known.definition, dict):
        return False
    fields = ("indexParams", "whereClause", "unique", "accessMethod")
    return any(
        plain(known.definition.get(field)) != plain(action.node.get(field)) for field in fields
    )


def _differ(one: Thing, other: Thing, fact: str) -> bool:
    first, second = one.fact(fact), other.fact(fact)
    return first is not None and second is not None and first != second
