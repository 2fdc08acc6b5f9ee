"""The schema as the files make it: which objects are known to exist, which are known to be gone.

It is the analyser's whole memory of a history. A second run of a file is played on it and then taken back, so every change is
written to a log.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.sql.action import Thing
from lockstep.sql.inserted import Inserted
from lockstep.sql.objects import PARENT, SCHEMALESS, Key, parent_of, truncated

_UNKNOWN = Thing()
"""Stands for an object of which nothing was ever heard."""


class State:
    """Known objects; what was never heard of is neither there nor gone."""

    def __init__(self, server: int = 18) -> None:
        self.server = server
        """The oldest PostgreSQL major that the files are to run on."""
        self.path: tuple[str, ...] = ("",)
        """Where unqualified names lead; an empty name is wherever the session's search_path does."""
        self.emptied: set[Key] = set()
        """Tables that hold no rows of before, because this run made or emptied them."""
        self.deleted: dict[Key, set[str]] = {}
        """What constants this run deleted rows by, table by table."""
        self.removed: set[Key] = set()
        """What the statement that is being applied has taken away."""
        self.inserted = Inserted()
        """The rows of constants that the history has inserted."""
        self._known: dict[Key, Thing | None] = {}
        self._temporary: set[Key] = set()
        self._parts: dict[Key, dict[Key, None]] = {}
        self._users: dict[Key, dict[Key, None]] = {}
        self._log: list[tuple[Key, Thing | None, bool]] | None = None
        self._noted = 0

    def key(self, kind: str, names: tuple[str, ...], *outer: str) -> Key:
        """Return the key of an object by its name as written; *outer* are the names inside of it."""
        if kind in SCHEMALESS:
            return (kind, *map(truncated, names), *outer)
        name = truncated(names[-1])
        if len(names) > 1:
            return (kind, self._schema(truncated(names[-2])), name, *outer)
        if self._temporary or len(self.path) > 1:
            whole = PARENT.get(kind, kind)
            whole = PARENT.get(whole, whole)
            for schema in ("pg_temp", *self.path):
                if self._known.get((whole, schema, name)) is not None:
                    return (kind, schema, name, *outer)
        return (kind, self.path[0], name, *outer)

    def new_key(self, kind: str, names: tuple[str, ...]) -> Key:
        """Return the key of an object that is about to be made: in the first schema of the path that may be there."""
        if len(names) > 1:
            return self.key(kind, names)
        for schema in self.path:
            if self.exists(("schema", schema)) is not False:
                return (kind, schema, truncated(names[0]))
        return (kind, "", truncated(names[0]))

    def spelled(self, key: Key) -> Key:
        """Return *key* with the schema that must be written for it here, empty if none need be."""
        if key[0] in SCHEMALESS:
            return key
        if key[1] == self.path[0]:
            return (key[0], "", *key[2:])
        return (key[0], key[1] or "public", *key[2:])

    def set_path(self, schemas: tuple[str, ...]) -> None:
        """Follow a SET search_path."""
        named = [name for name in schemas if name not in {'"$user"', "$user"}]
        self.path = tuple(self._schema(name) for name in named) or ("pg_catalog",)

    def exists(self, key: Key) -> bool | None:
        """True or False where it is known, else None."""
        known = self._known.get(key, _UNKNOWN)
        if known is not _UNKNOWN and key[-1] != "*":
            return known is not None
        if key[0] == "function" and key[-1] == "*":
            return self._function_exists(key)
        outer = parent_of(key)
        return False if outer is not None and self.exists(outer) is False else None

    def thing(self, key: Key) -> Thing | None:
        """Return what is known of an object, None if it is gone or was never heard of."""
        return self._known.get(key)

    def parts(self, key: Key, kind: str = "") -> Iterator[tuple[Key, Thing]]:
        """Yield what belongs to an object and exists."""
        known = self._known
        for part in [one for one in self._parts.get(key, ()) if not kind or one[0] == kind]:
            thing = known.get(part)
            if thing is not None:
                yield part, thing

    def add(self, key: Key, thing: Thing) -> None:
        """Note that an object exists."""
        self._put(key, thing)
        owner = thing.owner or parent_of(key)
        if owner is not None:
            parts = self._parts.get(owner)
            if parts is None:
                parts = self._parts[owner] = {}
            parts[key] = None
        for used in thing.facts.get("uses", ()) if thing.facts else ():
            self._users.setdefault(used, {})[key] = None

    def users(self, key: Key) -> Iterator[tuple[Key, Thing]]:
        """Yield what refers to an object and would keep it from being dropped: views over it, foreign keys to it."""
        for other in list(self._users.get(key, ())):
            thing = self._known.get(other)
            if thing is not None and key in thing.fact("uses", ()):
                yield other, thing

    def columns_of(self, type_: Key) -> Iterator[Key]:
        """Yield the columns of a type."""
        for key, thing in list(self._known.items()):
            if thing is not None and thing.kind == "column":
                names = str(thing.fact("type", "")).removesuffix("[]").split(".")
                if self.key("type", tuple(names)) == type_:
                    yield key

    def was_label(self, text: str, type_: str) -> bool:
        """True if *text* is known to be no label of the enum *type_* any more."""
        schema, _, name = type_.rpartition(".")
        return self._known.get(("label", self._schema(schema), name, text), ...) is None

    def forget_temporary(self) -> None:
        """Note that the session is over: its temporary tables are gone without a trace."""
        for key in self._temporary:
            self._known.pop(key, None)
        self._temporary.clear()

    def remove(self, key: Key) -> None:
        """Note that an object is gone, with all that belongs to it."""
        for part, _ in list(self.parts(key)):
            self.remove(part)
        self._put(key, None)
        if key[0] == "column":
            self._remove_dependents(key)
        if key[0] == "schema":
            for other in [k for k, v in self._known.items() if k[0] not in SCHEMALESS and v]:
                if other[1] == key[1]:
                    self._put(other, None)

    def functions(self, key: Key) -> Iterator[Thing]:
        """Yield the functions of that name, whatever their arguments."""
        yield from (thing for _, thing in self.parts(("function name", *key[1:3])))

    def remove_functions(self, key: Key) -> None:
        """Note that every function of that name is gone, whatever its arguments."""
        for function, _ in list(self.parts(("function name", *key[1:3]))):
            self._put(function, None)
        self._put(key, None)

    def remove_users(self, key: Key) -> None:
        """Note that what CASCADE takes along is gone: views over a relation, keys that refer to a table, columns of a type."""
        for other, _ in list(self.users(key)):
            self.remove(other)
            self.remove_users(other)
        if key[0] == "type":
            for other, thing in list(self._known.items()):
                if (
                    thing is not None
                    and thing.kind == "column"
                    and thing.fact("type", "") == key[2]
                ):
                    self.remove(other)

    def rename(self, old: Key, new: Key) -> None:
        """Give an object another name; what belongs to it goes with it."""
        self._move(old, new, self._known.get(old) or Thing())
        if old[0] == "type":
            self._retype(old, new)

    def _move(self, old: Key, new: Key, thing: Thing) -> None:
        for part, belonging in list(self.parts(old)):
            owner = new if belonging.owner == old else belonging.owner
            self._move(part, _moved(part, old, new), belonging._replace(owner=owner))
        self._put(old, None)
        self.add(new, thing)

    def free_name(self, key: Key) -> Key:
        """Return *key* with the number that PostgreSQL would put behind a name that is taken."""
        number = 0
        candidate = key
        while self._known.get(candidate) is not None:
            number += 1
            candidate = (*key[:-1], truncated(key[-1][: 63 - len(str(number))]) + str(number))
        return candidate

    def begin(self) -> None:
        """Begin to log changes, to take them back; a new session begins, without the temporary tables of the old."""
        self._log, self._noted = [], 0
        for key in list(self._temporary):
            self._put(key, None)
        self.changes_noted()
        self.emptied, self.deleted = set(), {}

    def changes_noted(self) -> list[Key]:
        """Return what was changed since this was last asked."""
        log = self._log or []
        noted = [key for key, _, _ in log[self._noted :]]
        self._noted = len(log)
        return noted

    def changed(self) -> dict[Key, tuple[Thing | None, Thing | None]]:
        """Return what came or went since the log was begun: before and after, by object."""
        before: dict[Key, Thing | None] = {}
        for key, thing, _ in self._log or ():
            before.setdefault(key, thing)
        now = self._known
        return {
            key: (old, now.get(key))
            for key, old in before.items()
            if (old is None) != (now.get(key) is None)
        }

    def made_anew(self) -> list[Key]:
        """Return what was there when the log was begun, was gone in between, and is there again."""
        anew = [key for key, old, known in self._log or () if old is None and known]
        first = {key: old for key, old, _ in reversed(self._log or ())}
        return [key for key in dict.fromkeys(anew) if first[key] and self._known.get(key)]

    def mark(self) -> int:
        """Return the place in the log to which ``undo`` can go back."""
        return len(self._log or ())

    def undo(self, mark: int = 0) -> None:
        """Undo the changes since *mark*."""
        log = self._log or []
        while len(log) > mark:
            key, thing, known = log.pop()
            if known:
                self._known[key] = thing
            else:
                self._known.pop(key, None)
        self._noted = min(self._noted, mark)

    def take_back(self) -> None:
        """Undo all changes since ``begin``, and log no more."""
        self.undo()
        self._log = None
        self.emptied, self.deleted = set(), {}

    def _retype(self, old: Key, new: Key) -> None:
        """Let the columns of a type that was renamed have the new name."""
        for key, thing in list(self._known.items()):
            type_ = thing.fact("type", "") if thing is not None and thing.kind == "column" else ""
            if thing is not None and type_.removesuffix("[]").rpartition(".")[2] == old[2]:
                facts = {**(thing.facts or {}), "type": type_.replace(old[2], new[2])}
                self._put(key, thing._replace(facts=facts))

    def _function_exists(self, key: Key) -> bool | None:
        if any(True for _ in self.parts(("function name", *key[1:3]))):
            return True
        return False if key in self._known else None

    def _schema(self, name: str) -> str:
        return "" if name == "public" else name

    def _put(self, key: Key, thing: Thing | None) -> None:
        if thing is None and self._known.get(key) is not None:
            self.removed.add(key)
        if self._log is not None:
            self._log.append((key, self._known.get(key), key in self._known))
        self._known[key] = thing
        if len(key) > 1 and key[1] == "pg_temp":
            self._temporary.add(key)

    def _remove_dependents(self, column: Key) -> None:
        table: Key = ("relation", *column[1:3])
        for part, thing in list(self.parts(table)):
            if column[3] in thing.columns:
                self.remove(part)


def _moved(part: Key, old: Key, new: Key) -> Key:
    """Return the key that a part has after its whole was renamed; an index keeps its own."""
    if part[0] == "primary key" and old[0] == "constraint":
        return ("primary key", *new[1:3])
    if parent_of(part) != old:
        return part
    return (part[0], *new[1:], *part[len(old) :])
