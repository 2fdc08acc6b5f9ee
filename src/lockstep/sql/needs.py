"""What a statement needs besides the object it is about: columns and labels that may be gone, and what stands in a DROP's way."""

from __future__ import annotations

from lockstep.sql.action import Action, Thing
from lockstep.sql.data import candidate_columns, texts_in
from lockstep.sql.objects import Key
from lockstep.sql.state import State
from lockstep.sql.tree import gathered, strings


def columns_gone(action: Action, state: State) -> list[Key]:
    """Return a column that the statement names and that none of its tables has any more."""
    if action.verb != "write" and action.rule not in _READERS:
        return []
    for candidates in candidate_columns(action.node, state):
        known = [_has_column(column, state) for column in candidates]
        if "gone" in known and not {"there", "unknown"} & set(known):
            return [candidates[known.index("gone")]]
    return []


_READERS = {
    "create-view",
    "create-index",
    "unnamed-index",
    "create-table-as",
    "create-materialized-view",
}


def _has_column(column: Key, state: State) -> str:
    known = state.exists(column)
    if known is not None:
        return "there" if known else "gone"
    table = state.thing(("relation", *column[1:3]))
    return "never" if table is not None and table.packed is not None else "unknown"


def users_left(key: Key, state: State) -> list[Key]:
    """Return what keeps an object from being dropped without CASCADE (2BP01)."""
    if key[0] == "relation":
        return [user for user, _ in state.users(key) if user[1:3] != key[1:3]]
    if key[0] == "function":
        return [user for user, _ in state.users((*key[:3], ""))] if key[3] in {"", "*"} else []
    thing = state.thing(key)
    if key[0] == "constraint" and thing is not None and thing.kind in {"primary key", "unique"}:
        return [
            user
            for user, foreign in state.users(("relation", *key[1:3]))
            if foreign.kind == "foreign key"
            and (foreign.fact("target_columns") or (thing.kind == "primary key" and thing.columns))
            == thing.columns
        ]
    return []


def labels_gone(action: Action, state: State) -> list[Key]:
    """Return a label that the statement mentions and that its enum has no more (22P02)."""
    if action.verb != "write":
        return []
    # Not sets: which of several labels is told must not differ from run to run.
    texts = [text for text in dict.fromkeys(texts_in(action.node)) if text]
    if not texts:
        return []
    types = dict.fromkeys(
        str(thing.fact("type", ""))
        for need in (action.key, *action.needs)
        if need[0] == "relation"
        for _, thing in state.parts(need, "column")
    )
    for type_ in types:
        for text in texts:
            if state.was_label(text, type_.removesuffix("[]")):
                return [("label", "", type_, text)]
    return []


def shows(view: Thing, column: str) -> bool:
    """True if *view* is one, and shows a column of that name: its type cannot be changed then."""
    if view.kind not in {"view", "materialized view"}:
        return False
    references = gathered(view.definition).get("ColumnRef", ())
    return any(
        "A_Star" in str(one) or strings(one.get("fields"))[-1:] == (column,) for one in references
    )
