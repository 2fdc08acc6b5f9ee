"""How live updates pace and bound themselves, and the codes that connections are closed with: values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Close(IntEnum):
    """Why we close a connection: RFC 6455's own codes where they fit, else of the 4000s, by the HTTP status they resemble."""

    UNSUPPORTED = 1003
    """A binary message."""
    GARBLED = 1007
    """A message that is not a JSON object."""
    TOO_MANY = 1008
    """More messages than a client needs to send."""
    TOO_BIG = 1009
    RESTART = 1012
    """This instance stops: come back at once, with the cursor, and be somewhere else."""
    TOO_SLOW = 1013
    """Messages were not taken as fast as they came: come back later, with the cursor."""
    SESSION_OVER = 4401
    """Signed out, expired, revoked: sign in first."""
    NO_PONG = 4408
    """The heartbeat was not answered in time."""


@dataclass(frozen=True, slots=True)
class LivePolicy:
    """Durations are in seconds.

    Every ``heartbeat`` a client is asked for a sign of life, which must come within ``pong_within``, and its session is looked at.
    A message that is not taken within ``send_within``, or more than ``queue_messages`` or ``queue_bytes`` that wait, is a slow
    client. Events are read at most once in ``pace``, and also every ``poll`` without having been notified.
    """

    heartbeat: float = 20.0
    pong_within: float = 20.0
    tick: float = 0.5
    send_within: float = 10.0
    farewell_within: float = 2.0
    queue_messages: int = 64
    queue_bytes: int = 262_144
    largest_message: int = 1024
    messages_a_second: float = 5.0
    messages_at_once: float = 20.0
    clients_per_user: int = 20
    clients: int = 5000
    pace: float = 0.02
    poll: float = 5.0
    probe: float = 30.0
    show: float = 5.0
    prune: float = 60.0
    longest_pause: float = 5.0
    hurry: float = 5.0

    def pause(self, failures: int, chance: float) -> float:
        """Return how long to wait after the database was not there *failures* times in a row; *chance* is from 0 to 1."""
        pause = min(0.1 * 2.0 ** min(failures - 1, 16), self.longest_pause)
        return pause * (1 + chance) / 2
