"""What a file finds under a name that it means to make: another definition, or the same in another schema."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.sql.action import Action
from lockstep.sql.definitions import differs, in_another_schema
from lockstep.sql.objects import Key
from lockstep.sql.state import State

Place = tuple[int, int]


class Found:
    """Compares what a file defines with what is there, and gives the file until its end to make it the same."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._certain: list[tuple[Place, str, Key]] = []
        self._doubts: list[tuple[Place, Action, Key]] = []
        self._dropped: set[str] = set()

    def note(self, place: Place, action: Action, key: Key) -> None:
        """Look at an action of the first run that is about to be applied."""
        state = self._state
        if action.verb == "use":
            # What the file alters itself is as its author wants it.
            self._doubts = [doubt for doubt in self._doubts if doubt[2] != key]
        elif action.verb == "drop":
            self._dropped.add(key[-1])  # perhaps by another schema than the history knows it under
        elif in_another_schema(action, state):
            self._certain.append((place, "shadows", key))
        elif key[-1] in self._dropped or not _may_find(action) or not differs(action, key, state):
            return
        elif action.verb == "create" and state.thing(key) is not None:
            self._doubts.append((place, action, key))
        else:
            self._certain.append((place, "differs", key))

    def reasons(self) -> Iterator[tuple[Place, str, Key]]:
        """Yield what is wrong, ``shadows`` or ``differs``, now that the file has come to its end."""
        yield from self._certain
        for place, action, key in self._doubts:
            if self._state.exists(key) and differs(action, key, self._state):
                yield place, "differs", key


def _may_find(action: Action) -> bool:
    """True if the action is meant to do nothing, or to replace, where its object is there."""
    if action.verb == "create" and not action.unnamed:
        return action.guarded != "unclear" and (action.tolerant or bool(action.guarded))
    return action.rule == "create-view" and action.verb == "replace"
