"""Run a file twice in the mind: what its second run would trip over, duplicate, or lose.

The first run teaches the state what the file leaves behind. The second is played on that state: a statement that needs an
object to be absent finds it there, one that needs it finds it gone, and what is different at the end was lost or came back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lockstep.sql.action import Action, Thing
from lockstep.sql.conditions import caught_by
from lockstep.sql.data import candidate_columns, texts_in
from lockstep.sql.objects import Key
from lockstep.sql.rows import rows_repeat
from lockstep.sql.state import State
from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an action cannot be done twice.

    ``reason``: ``exists`` (what it makes is there), ``duplicate`` (it makes a second one), ``missing`` (what it drops or renames
    is gone), ``needs`` (something else it needs is gone), ``used`` (what refers to it keeps it from being dropped), ``converts`` (it converts values again), ``rows`` (it adds or changes
    rows again), ``opaque`` (nobody can tell), ``lost`` and ``back`` (the second run ends otherwise than the first), ``emptied``
    (dropped and made anew: what it held is gone). ``detail`` says more where there is more.
    """

    reason: str
    key: Key
    detail: str = ""
    uncaught: str = ""


class Run:
    """Plays a file's actions on a state: once to learn, once to see what a second run would do."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._names: dict[tuple[int, int], Key] = {}

    def first(self, number: int, actions: Iterable[Action]) -> list[Action]:
        """Apply the actions of statement *number* one by one, taking for granted that they succeed; return them."""
        applied = []
        for index, action in enumerate(actions):
            applied.append(action)
            key = self._key(number, index, action)
            if _tolerates(action) and _would_stop(action, key, self._state):
                continue
            _apply(action, key, self._state)
        return applied

    def second(
        self, statements: Sequence[Sequence[Action]]
    ) -> dict[tuple[int, int], list[Trouble]]:
        """Play all statements again; return the troubles of each action. The state is afterwards as it was before."""
        state = self._state
        state.forget_temporary()
        state.begin()
        troubles: dict[tuple[int, int], list[Trouble]] = {}
        by: dict[Key, tuple[int, int]] = {}
        for number, actions in enumerate(statements):
            for index, action in enumerate(actions):
                place = (number, index)
                found = self._again(place, action)
                if found:
                    troubles[place] = found
                for key in state.changes_noted():
                    by.setdefault(key, place)
        for key, (before, after) in state.changed().items():
            if key in by and (before is None) != (after is None) and key[1:2] != ("pg_temp",):
                reason = "back" if before is None else "lost"
                if not any(place in troubles for place in (by[key],)) and _matters(key):
                    troubles.setdefault(by[key], []).append(Trouble(reason, key))
        state.take_back()
        return troubles

    def _key(self, number: int, index: int, action: Action) -> Key:
        if not action.unnamed:
            return action.key
        place = (number, index)
        if place not in self._names:
            self._names[place] = self._state.free_name(action.key)
        return self._names[place]

    def _again(self, place: tuple[int, int], action: Action) -> list[Trouble]:
        key = self._key(*place, action)
        found = _troubles(action, key, self._state)
        if not found:
            if not _skips(action, key, self._state):
                _apply(action, key, self._state)
            return []
        if action.guarded == "if":
            return []
        if action.guarded:
            uncaught = [one for one in found if not caught_by(action, one.reason, one.key)]
            return [Trouble(t.reason, t.key, t.detail, action.guarded) for t in uncaught]
        if found[0].reason in {"converts", "rows", "opaque", "duplicate"}:
            _apply(action, key, self._state)
        return found


def _troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    if action.rule == "create-table" and action.tolerant and state.exists(key):
        return []  # the server looks no further
    missing = [need for need in action.needs if state.exists(need) is False]
    if missing and action.excused and any(need[0] == "relation" for need in missing):
        return []
    missing = missing or _columns_gone(action, state) or _labels_gone(action, state)
    if missing:
        return [Trouble("needs", missing[0])]
    return _BY_VERB[action.verb](action, key, state)


def _drop_troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    if state.exists(key) is False:
        return [] if action.tolerant else [Trouble("missing", key)]
    users = [] if action.cascade else _users_left(key, state)
    return [Trouble("used", users[0], key[-1])] if users else []


def _rename_troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    if state.exists(key) is False:
        return [] if action.tolerant else [Trouble("missing", key)]
    return [Trouble("exists", action.to)] if state.exists(action.to) else []


def _use_troubles(action: Action, key: Key, _state: State) -> list[Trouble]:
    converts = action.rule in {"alter-column-type", "restart-sequence"}
    return [Trouble("converts", key)] if converts else []


def _write_troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    detail = rows_repeat(action, state)
    return [Trouble("rows", key, detail)] if detail else []


def _create_troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    if action.tolerant:
        return []
    present = state.exists(key)
    if action.unnamed:
        return [Trouble("duplicate", key)] if present else []
    if present:
        return [Trouble("exists", key)]
    if action.rule == "add-primary-key" and state.exists(("primary key", *key[1:3])):
        return [Trouble("exists", ("primary key", *key[1:3]))]
    return []


def _columns_gone(action: Action, state: State) -> list[Key]:
    if action.verb != "write" and action.rule not in {
        "create-view",
        "create-index",
        "unnamed-index",
    }:
        return []
    for candidates in candidate_columns(action.node, state):
        known = [state.exists(column) for column in candidates]
        if False in known and True not in known and None not in known:
            return [candidates[known.index(False)]]
    return []


def _users_left(key: Key, state: State) -> list[Key]:
    """Return what keeps an object from being dropped without CASCADE (2BP01)."""
    if key[0] == "relation":
        return [user for user, _ in state.users(key) if user[1:3] != key[1:3]]
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


def _labels_gone(action: Action, state: State) -> list[Key]:
    """Return a label that the statement mentions and that its enum has no more (22P02)."""
    if action.verb != "write":
        return []
    types = {
        thing.fact("type", "")
        for need in (action.key, *action.needs)
        if need[0] == "relation"
        for _, thing in state.parts(need, "column")
    }
    texts = {text for text in texts_in(action.node) if text}
    for type_ in types:
        for text in texts:
            if state.was_label(text, type_.removesuffix("[]")):
                return [("label", "", type_, text)]
    return []


_BY_VERB: dict[str, Callable[[Action, Key, State], list[Trouble]]] = {
    "create": _create_troubles,
    "replace": lambda _action, _key, _state: [],
    "drop": _drop_troubles,
    "rename": _rename_troubles,
    "use": _use_troubles,
    "write": _write_troubles,
    "opaque": lambda _action, key, _state: [Trouble("opaque", key)],
}


def _tolerates(action: Action) -> bool:
    return action.tolerant or bool(action.guarded)


def _would_stop(action: Action, key: Key, state: State) -> bool:
    if action.verb == "create":
        return state.exists(key) is True
    if action.verb in {"drop", "rename"}:
        return state.exists(key) is False
    return False


def _skips(action: Action, key: Key, state: State) -> bool:
    """True if the action does nothing, with a NOTICE."""
    if any(state.exists(need) is False for need in action.needs):
        return True
    return (action.tolerant or bool(action.guarded)) and _would_stop(action, key, state)


def _apply(action: Action, key: Key, state: State) -> None:
    if action.verb in {"create", "replace"}:
        _make(action, key, state)
    elif action.verb == "drop":
        _drop(action, key, state)
    elif action.verb == "rename":
        state.rename(key, action.to)
    elif action.rule == "alter-column-type" or action.thing.kind == "column":
        state.add(key, action.thing)
    elif action.rule == "truncate" or (
        action.rule == "delete" and "whereClause" not in action.node
    ):
        state.emptied.add(key)
    elif action.rule == "delete":
        state.deleted.setdefault(key, set()).update(texts_in(action.node["whereClause"]))


def _make(action: Action, key: Key, state: State) -> None:
    state.add(key, action.thing)
    if action.rule in {"create-table", "create-table-as"}:
        state.emptied.add(key)
        state.add(("type", *key[1:]), Thing("row type", owner=key))
    if action.rule == "constraint-using-index":
        index = ("relation", key[1], action.node["indexname"])
        if index[2] != key[-1]:
            state.remove(index)
    for part, thing in action.parts:
        state.add(part, thing)


def _drop(action: Action, key: Key, state: State) -> None:
    if key[0] == "function" and key[-1] == "*":
        state.remove_functions(key)
    state.remove(key)
    if action.cascade:
        state.remove_users(key)


def _matters(key: Key) -> bool:
    return key[0] in {
        "relation",
        "column",
        "constraint",
        "primary key",
        "trigger",
        "policy",
        "identity",
    }
