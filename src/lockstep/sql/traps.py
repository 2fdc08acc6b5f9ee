"""What goes wrong already on the first run, or never shows: guards that a namesake satisfies, enum values used too early."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lockstep.sql.action import Action
from lockstep.sql.data import texts_in
from lockstep.sql.rerun import Trouble
from lockstep.sql.state import State
from lockstep.sql.tree import constant, gathered, type_name

# A catalog whose names are unique per table (or per schema) only, and what narrows the question down to one.
_NARROWED = (
    (r"\bpg_constraint\b", r"\bconrelid\b|\bcontypid\b|::regclass"),
    (r"\bpg_trigger\b", r"\btgrelid\b"),
    (r"\bpg_policy\b", r"\bpolrelid\b"),
    (r"\bpg_policies\b", r"\btablename\b"),
    (r"\bpg_attribute\b", r"\battrelid\b"),
    (r"\bpg_class\b", r"\brelnamespace\b|\bnspname\b|\b(?:c\.)?oid\b"),
    (
        r"\binformation_schema\s*\.\s*\w+",
        r"\b(?:table|constraint|trigger|event_object|routine|udt|sequence)_schema\b",
    ),
)
_MAKES = {"create", "rename"}


_MOMENT = re.compile(r"'\s*(?:now|today|tomorrow|yesterday)\s*'", re.IGNORECASE)


def traps_of(action: Action, text: str) -> Iterator[Trouble]:
    """Yield the traps that one action of a statement falls into; *text* is the statement's."""
    found = satisfied_by_namesake(action) if action.branch else None
    if found is not None:
        yield found
    frozen = frozen_moment(action) if _MOMENT.search(text) else None
    if frozen is not None:
        yield frozen


def satisfied_by_namesake(action: Action) -> Trouble | None:
    """Return the trouble of an action in a DO block whose condition asks for a name only."""
    if action.verb not in _MAKES or not action.branch:
        return None
    condition = action.branch.lower()
    for catalog, narrowing in _NARROWED:
        if re.search(catalog, condition) and not re.search(narrowing, condition):
            return Trouble("namesake", action.key)
    return None


def frozen_moment(action: Action) -> Trouble | None:
    """Return the trouble of a view or default that holds ``'now'::timestamp``: the moment of its definition, for ever."""
    if action.rule not in {"create-view", "create-materialized-view", "create-table", "add-column"}:
        return None
    for cast in gathered(action.node).get("TypeCast", ()):
        text = (constant(cast.get("arg")) or "").strip().lower()
        if text in _MOMENTS and type_name(cast.get("typeName")).startswith(
            ("timestamp", "date", "time")
        ):
            return Trouble("frozen", action.key, text)
    return None


_MOMENTS = {"now", "today", "tomorrow", "yesterday"}


def values_used_early(
    statements: Sequence[Sequence[Action]], state: State, server: int
) -> Iterator[tuple[tuple[int, int], Trouble]]:
    """Yield the uses of an enum value in the transaction that adds it (55P04).

    From PostgreSQL 17 a value may be used at once if its type was made in the same transaction.
    """
    added: dict[str, Action] = {}
    made: set[tuple[str, ...]] = set()
    for number, actions in enumerate(statements):
        for index, action in enumerate(actions):
            if action.rule == "create-type":
                made.add(action.key[1:])
            elif action.rule == "add-enum-value":
                if server < _SAME_TRANSACTION or action.key[1:3] not in made:
                    added[action.key[-1]] = action
            elif added:
                for label in dict.fromkeys(texts_in(action.node)):
                    if label in added and _is_of_type(action, added[label].key[2], state):
                        yield (number, index), Trouble("early", added[label].key)


_SAME_TRANSACTION = 17


def _is_of_type(action: Action, type_: str, state: State) -> bool:
    types = {
        thing.fact("type", "")
        for key in (action.key, *action.needs)
        if key[0] in {"relation", "column"}
        for _, thing in state.parts(("relation", *key[1:3]), "column")
    }
    types.add(action.thing.fact("type", ""))
    types |= {type_name(cast.get("typeName")) for cast in gathered(action.node).get("TypeCast", ())}
    return any(one.removesuffix("[]").rpartition(".")[2] == type_ for one in types if one)
