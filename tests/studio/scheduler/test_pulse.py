"""Health tells when the scheduler last got something done, and what is wrong."""

from __future__ import annotations

import re

from studio.scheduler.pulse import Pulse


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_a_new_scheduler_is_initialized() -> None:
    """Before its first look it has counted nothing and nothing is wrong."""
    health = Pulse(10, Clock()).health()
    assert (health.ok, health.word, health.details["last_tick"]) == (True, "initialized", None)


def test_what_was_done_is_counted() -> None:
    """Health shows the last tick, how late it was, and what came of the attempts."""
    pulse = Pulse(10, Clock())
    pulse.tick()
    pulse.claimed(0.0124, taken_over=1)
    pulse.dismissed(2)
    pulse.backlog, pulse.leases, pulse.listener = 7, 3, "listening"
    pulse.ended("published")
    pulse.ended("published")
    pulse.ended("failed")
    details = pulse.health().details
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", details.pop("last_tick"))
    assert details == {
        "lag_seconds": 0.012,
        "backlog": 7,
        "leases": 3,
        "listener": "listening",
        "published": 2,
        "retried": 0,
        "failed": 1,
        "lost": 0,
        "taken_over": 1,
        "dismissed": 2,
    }
    pulse.idle()
    details = pulse.health().details
    assert (details["lag_seconds"], details["backlog"]) == (0.0, 0)


def test_trouble_is_shown_until_it_is_over() -> None:
    """The word and the reason say what is wrong; the next success clears them."""
    pulse = Pulse(10, Clock())
    assert pulse.unwell("claims", "reconnecting", "connection refused") == 1
    assert pulse.unwell("claims", "reconnecting", "connection refused") == 2
    health = pulse.health()
    assert (health.ok, health.word, health.details["reason"]) == (
        False,
        "reconnecting",
        "connection refused",
    )
    pulse.unwell("outcomes", "failing", "no such thing")
    pulse.tick()
    assert pulse.health().word == "failing"
    pulse.well("outcomes")
    assert pulse.health().ok
    assert pulse.unwell("claims", "reconnecting", "connection refused") == 1


def test_silence_is_not_health() -> None:
    """A scheduler that has not moved for too long is stalled, whatever it said before."""
    clock = Clock()
    pulse = Pulse(10, clock)
    pulse.tick()
    clock.now += 10.0
    pulse.well("leases")
    assert pulse.health().ok
    clock.now += 0.5
    health = pulse.health()
    assert (health.ok, health.word) == (False, "stalled")
    assert health.details["reason"] == "no sign of life for 10 s"
