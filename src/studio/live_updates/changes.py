"""What clients are told, as values and as JSON. A frame is encoded once for all who get the same.

PostgreSQL writes the JSON of a change: thousands of them are put together here without being taken apart first.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.live_updates.cursor import Cursor

MOST_IN_FRAME = 200
"""Of how many changes at once a client is told one by one; of more it is told to load anew."""


class Frame:
    """A message as connections send it, and its size in bytes."""

    __slots__ = ("message", "size", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.size = len(text.encode())
        self.message = {"type": "websocket.send", "text": text}


@dataclass(frozen=True, slots=True)
class Change:
    """One row of ``live_events``; ``told`` is the JSON object that clients get, with the content as it was when read."""

    user_id: str
    project_ids: Sequence[int]
    told: str

    def concerns(self, project: int | None) -> bool:
        """Tell whether somebody who watches *project* (None: all) must hear of it."""
        return project is None or project in self.project_ids


@dataclass(frozen=True, slots=True)
class Batch:
    """All that became visible between two snapshots; ``cursor`` is the later one. None: too much to be told."""

    cursor: Cursor
    changes: tuple[Change, ...] | None

    def by_user(self) -> dict[str, list[Change]]:
        """Return the changes of each user, in order."""
        sorted_out: dict[str, list[Change]] = defaultdict(list)
        for change in self.changes or ():
            sorted_out[change.user_id].append(change)
        return sorted_out


def frame_of(changes: Sequence[Change] | None, project: int | None, cursor: Cursor) -> Frame | None:
    """Return what somebody who watches *project* is told of *changes*; None: nothing."""
    if changes is None:
        return reset_frame(cursor)
    told = [change.told for change in changes if change.concerns(project)]
    if len(told) > MOST_IN_FRAME:
        return reset_frame(cursor)
    if not told:
        return None
    return Frame(f'{{"type":"changes","cursor":"{cursor}","changes":[{",".join(told)}]}}')


def hello_frame(cursor: Cursor, heartbeat: float, replica: str) -> Frame:
    """Return the first message: from here on nothing is missed."""
    return _encode(type="hello", cursor=str(cursor), heartbeat_seconds=heartbeat, replica=replica)


def reset_frame(cursor: Cursor) -> Frame:
    """Return the message that says: too much was missed, load anew."""
    return _encode(type="reset", cursor=str(cursor))


def ping_frame(number: int, cursor: Cursor) -> Frame:
    """Return the message that wants ``{"type": "pong", "n": number}`` for an answer."""
    return _encode(type="ping", n=number, cursor=str(cursor))


def _encode(**message: Any) -> Frame:
    return Frame(json.dumps(message, separators=(",", ":")))
