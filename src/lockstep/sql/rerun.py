"""Run a file twice in the mind: what its second run would trip over, duplicate, or lose.

The first run teaches the state what the file leaves behind. The second is played on that state: a statement that needs an
object to be absent finds it there, one that needs it finds it gone, and what is different at the end was lost or came back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from lockstep.sql.action import Action, Thing
from lockstep.sql.conditions import caught_by
from lockstep.sql.data import candidate_columns, texts_in
from lockstep.sql.kept import Found
from lockstep.sql.needs import columns_gone, labels_gone, shows, users_left
from lockstep.sql.objects import Key, parent_of
from lockstep.sql.rows import constant_rows, fitting_keys, rows_repeat
from lockstep.sql.state import State


class Trouble(NamedTuple):
    """Why an action cannot be done twice.

    ``reason``: ``exists`` (what it makes is there), ``duplicate`` (it makes a second one), ``missing`` (what it drops or renames
    is gone), ``needs`` (something else it needs is gone), ``used`` (what refers to it keeps it from being dropped), ``retyped`` (a column
    it reads has another type by then, ``detail`` is the one it had), ``converts`` (it converts values again), ``rows`` (it adds or changes
    rows again), ``opaque`` (nobody can tell), ``differs`` (the history defines it otherwise), ``shadows`` (it is there in another schema), ``lost`` and ``back`` (the second run ends otherwise than the first), ``emptied``
    (dropped and made anew: what it held is gone). ``detail`` says more where there is more; ``arbiter`` is the unique key,
    if there is one, that an INSERT can name in ON CONFLICT in both runs; ``times`` how often the history has inserted this row by then;
    ``replaces`` tells that the statement itself takes away what was there under the name.
    """

    reason: str
    key: Key
    detail: str = ""
    uncaught: str = ""
    arbiter: tuple[tuple[str, ...], ...] = ()
    times: int = 1
    replaces: bool = False


class Run:
    """Plays a file's actions on a state: once to learn, once to see what a second run would do."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._names: dict[tuple[int, int], Key] = {}
        self._found = Found(state)
        self._replacing: set[tuple[int, int]] = set()
        self._times: dict[tuple[int, int], int] = {}
        self._types: dict[tuple[int, int], dict[Key, str]] = {}
        self._fitting: dict[tuple[int, int], set[tuple[str, ...]]] = {}

    def first(self, number: int, actions: Iterable[Action]) -> list[Action]:
        """Apply the actions of statement *number* one by one, taking for granted that they succeed; return them."""
        applied = []
        own: set[Key] = set()
        removed = self._state.removed = set()
        for index, action in enumerate(actions):
            applied.append(action)
            key = self._key(number, index, action)
            if action.verb == "write":
                self._note_rows((number, index), action, key)
            if key not in own:
                self._found.note((number, index), action, key)
            if _tolerates(action) and _would_stop(action, key, self._state):
                continue
            if removed and action.verb == "create" and removed & {key, _of_its_kind(action, key)}:
                self._replacing.add((number, index))
            _apply(action, key, self._state)
            own.add(key)
            own.update([part for part, _ in action.parts])
        return applied

    def only(self, number: int, actions: Iterable[Action]) -> None:
        """Apply the actions of statement *number* as ``first`` does, where there will be no second run."""
        self._state.removed = set()
        for index, action in enumerate(actions):
            key = self._key(number, index, action)
            if action.rule == "insert":
                for row in constant_rows(action.node, key, self._state):
                    self._state.inserted.add(key, row)
            if not (_tolerates(action) and _would_stop(action, key, self._state)):
                _apply(action, key, self._state)

    def _note_rows(self, place: tuple[int, int], action: Action, table: Key) -> None:
        """Note what the tables are like for which a statement was written, and the rows that an INSERT makes."""
        state = self._state
        if action.rule == "insert":
            self._fitting[place] = set(fitting_keys(action.node, table, state))
            rows = constant_rows(action.node, table, state)
            # How often its first row has been inserted by then.
            self._times[place] = 1 + (state.inserted.count(table, rows[0]) if rows else 0)
            for row in rows:
                state.inserted.add(table, row)
        self._types[place] = _types_named(action, state)

    def second(
        self, statements: Sequence[Sequence[Action]]
    ) -> dict[tuple[int, int], list[Trouble]]:
        """Play all statements again; return the troubles of each action. The state is afterwards as it was before."""
        state = self._state
        troubles: dict[tuple[int, int], list[Trouble]] = {}
        for place, reason, key in self._found.reasons():
            troubles[place] = [Trouble(reason, key)]
        state.begin()
        by: dict[Key, tuple[int, int]] = {}
        for number, actions in enumerate(statements):
            found = self._statement_again(number, actions)
            for place, ones in found.items():
                troubles.setdefault(place, []).extend(ones)
            for key in state.changes_noted():
                by.setdefault(key, (number, 0))
        for key, trouble in _ends_otherwise(state):
            if key in by:
                troubles.setdefault(by[key], []).append(trouble)
        state.take_back()
        state.forget_temporary()
        return troubles

    def _statement_again(
        self, number: int, actions: Sequence[Action]
    ) -> dict[tuple[int, int], list[Trouble]]:
        mark = self._state.mark()
        shut = self._shut(number, actions)
        troubles = {}
        for index, action in enumerate(actions):
            if action.branch in shut and not self._runs_anyway(number, index, action):
                continue
            found = self._again((number, index), action)
            if found:
                troubles[number, index] = found
        if any(_fails(one) for found in troubles.values() for one in found) and not _is_block(
            actions
        ):
            self._state.undo(mark)  # a statement that fails in one part does nothing
        return troubles

    def _runs_anyway(self, number: int, index: int, action: Action) -> bool:
        """True if nothing tells that the condition over an action keeps it from failing."""
        key = self._key(number, index, action)
        return action.guarded == "unclear" and bool(_troubles(action, key, self._state))

    def _key(self, number: int, index: int, action: Action) -> Key:
        if not action.unnamed:
            return action.key
        place = (number, index)
        if place not in self._names:
            self._names[place] = self._state.free_name(action.key)
        return self._names[place]

    def _shut(self, number: int, actions: Sequence[Action]) -> set[str]:
        """Return the conditions that must be false now: something under them could not be done again, or is."""
        shut = set()
        for index, action in enumerate(actions):
            key = self._key(number, index, action)
            if action.branch and (
                _troubles(action, key, self._state) or _would_stop(action, key, self._state)
            ):
                shut.add(action.branch)
        return shut

    def _again(self, place: tuple[int, int], action: Action) -> list[Trouble]:
        key = self._key(*place, action)
        found = _troubles(action, key, self._state)
        if action.rule == "insert" and found and found[0].reason == "rows":
            both = [
                k for k in fitting_keys(action.node, key, self._state) if k in self._fitting[place]
            ]
            times = self._times[place]
            found = [Trouble("rows", key, found[0].detail, "", tuple(both), times)]
        if action.verb == "write" and not any(map(_fails, found)):
            found = [*_retyped(self._types.get(place, {}), self._state), *found]
        if place in self._replacing:
            found = [one._replace(replaces=True) for one in found]
        if not found:
            if not _skips(action, key, self._state):
                _apply(action, key, self._state)
            return []
        if action.guarded == "if":
            return []
        if action.guarded:
            found = [one for one in found if not self._caught(action, one)]
            found = [Trouble(o.reason, o.key, o.detail, action.guarded, o.arbiter) for o in found]
            if action.guarded != "unclear":
                return found
        if found[0].reason in {"converts", "rows", "opaque", "duplicate"}:
            _apply(action, key, self._state)
        return found

    def _caught(self, action: Action, trouble: Trouble) -> bool:
        server = self._state.server
        return action.guarded != "unclear" and caught_by(
            action, trouble.reason, trouble.key, server
        )


def _fails(trouble: Trouble) -> bool:
    return trouble.reason in {"exists", "missing", "needs", "used", "retyped"}


def _of_its_kind(action: Action, key: Key) -> Key:
    """Return what there can be only one of: a table's primary key, whatever it is called."""
    return ("primary key", *key[1:3]) if action.thing.kind == "primary key" else key


def _is_block(actions: Sequence[Action]) -> bool:
    return any(action.line for action in actions)


def _troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    if action.rule == "create-table" and action.tolerant and state.exists(key):
        return []  # the server looks no further
    if action.rule == "constraint-using-index" and state.exists(key):
        return [Trouble("exists", key)]  # its index is not gone but has become the constraint
    missing = [need for need in action.needs if state.exists(need) is False]
    if missing and action.excused and any(need[0] == "relation" for need in missing):
        return []
    missing = missing or columns_gone(action, state) or labels_gone(action, state)
    if missing:
        return [Trouble("needs", missing[0])]
    return _BY_VERB[action.verb](action, key, state)


def _drop_troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    if state.exists(key) is False:
        return [] if action.tolerant else [Trouble("missing", key)]
    users = [] if action.cascade else users_left(key, state)
    return [Trouble("used", users[0], key[-1])] if users else []


def _rename_troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    if state.exists(key) is False:
        return [] if action.tolerant else [Trouble("missing", key)]
    return [Trouble("exists", action.to)] if state.exists(action.to) else []


def _use_troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    if action.rule in {"alter-column-type", "restart-sequence"}:
        return [Trouble("converts", key)]
    identity = ("identity", *key[1:])
    if (action.node or {}).get("subtype") == "AT_ColumnDefault" and state.exists(identity):
        return [Trouble("used", identity)]  # 42601: an identity column has no other default
    if (
        action.thing.kind == "column"
    ):  # ALTER COLUMN TYPE: refused (0A000) while a view shows the column
        shown = [v for v, view in state.users(("relation", *key[1:3])) if shows(view, key[3])]
        return [Trouble("used", view, "type") for view in shown[:1]]
    return []


def _write_troubles(action: Action, key: Key, state: State) -> list[Trouble]:
    if action.rule == "truncate" and not action.cascade:
        return _refers_to_truncated(action, key, state)
    detail = rows_repeat(action, state)
    return [Trouble("rows", key, detail)] if detail else []


def _refers_to_truncated(action: Action, key: Key, state: State) -> list[Trouble]:
    """Return the foreign key for which TRUNCATE is refused (0A000): its table is not truncated along with this one."""
    together = action.thing.fact("with", ())
    return [
        Trouble("used", user)
        for user, thing in state.users(key)
        if thing.kind == "foreign key" and ("relation", *user[1:3]) not in together
    ][:1]


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


def _types_named(action: Action, state: State) -> dict[Key, str]:
    """Return the types of the columns that a statement names, where there is no doubt which are meant."""
    types = {}
    for candidates in candidate_columns(action.node, state):
        known = [(column, state.thing(column)) for column in candidates if state.exists(column)]
        if len(known) == 1 and known[0][1] is not None:
            types[known[0][0]] = str(known[0][1].fact("type", ""))
    return types


def _retyped(before: dict[Key, str], state: State) -> list[Trouble]:
    """Return the trouble of a statement that was written for another type of a column than it has on the second run."""
    for column, type_ in before.items():
        thing = state.thing(column)
        if thing is not None and type_ and thing.fact("type", "") not in {"", type_}:
            return [Trouble("retyped", column, type_)]
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
        state.inserted.lose(key)
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


def _ends_otherwise(state: State) -> Iterator[tuple[Key, Trouble]]:
    """Yield what the second run leaves otherwise than it found it, and what it made anew."""
    changed = state.changed()
    for key, (before, after) in changed.items():
        whole = changed.get(parent_of(key) or ())
        if whole is not None and (whole[0] is None) == (before is None):
            continue  # said of the whole already
        if key[1:2] != ("pg_temp",) and _matters(key, before or after):
            yield key, Trouble("back" if before is None else "lost", key)
    anew = state.made_anew()
    wholes = set(anew)
    for key in anew:
        if parent_of(key) in wholes:
            continue
        thing = state.thing(key)
        if thing is not None and thing.kind in {"table", "column"} and key[1] != "pg_temp":
            yield key, Trouble("emptied", key)


def _matters(key: Key, thing: Thing | None) -> bool:
    if thing is not None and thing.owner is not None and thing.owner[0] == "constraint":
        return False  # the constraint itself is told
    return key[0] in {"relation", "column", "constraint", "trigger", "policy", "identity"}
