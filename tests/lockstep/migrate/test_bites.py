"""A wait for a lock is cut into bites."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.migrate import bites
from lockstep.migrate.bites import BITE, LOCK_NOT_AVAILABLE, in_bites
from lockstep.postgres.session import ServerError

AT_ONCE = 5.0


class Server:
    """A server whose lock is free after so many seconds of a clock that only waiting moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free_at: float, work: float = 0.0) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self._free_at, self._work = free_at, work
        monkeypatch.setattr(bites.time, "monotonic", lambda: self.now)

    def send(self, wait: float) -> None:
        """Work, and wait for the lock."""
        self.waits.append(wait)
        self.now += self._work
        if not wait or self.now + wait >= self._free_at:
            self.now = max(self.now, self._free_at)
            return
        self.now += wait
        raise ServerError(LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout")

    def sleep(self, seconds: float) -> None:
        """Let the others pass."""
        self.now += seconds


@given(total=st.floats(0.001, 60), free_at=st.floats(0, 60))
def test_it_waits_as_long_as_it_may_and_nobody_behind_it_longer_than_a_bite(
    total: float, free_at: float
) -> None:
    """The bites add up to what it may wait; it succeeds if the lock is free within that time. At last it insists."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        server = Server(monkeypatch, free_at)
        try:
            in_bites(total, AT_ONCE, server.send, server.sleep)
        except ServerError:
            assert sum(server.waits) == pytest.approx(total)
        politely = [
            wait
            for n, wait in enumerate(server.waits)
            if sum(server.waits[:n]) < total * 2 / 3 - 1e-9
        ]
        assert max(politely) <= BITE
        assert max(server.waits) <= max(BITE, min(AT_ONCE, total / 3) + 1e-9)
        assert sum(server.waits) <= total + 1e-9
        if free_at <= total:
            assert server.now >= free_at


def test_dear_work_is_repeated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What works for long before it is kept waiting waits in one go the second time."""
    server = Server(monkeypatch, free_at=1000, work=20)
    with pytest.raises(ServerError):
        in_bites(30, AT_ONCE, server.send, server.sleep)
    assert server.waits == [BITE, AT_ONCE]


def test_for_ever_is_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time is no limit."""
    server = Server(monkeypatch, free_at=1000)
    in_bites(0, 0, server.send, server.sleep)
    assert server.waits == [0]


@pytest.mark.parametrize("sqlstate", ["42P01", LOCK_NOT_AVAILABLE])
def test_what_is_no_wait_is_not_tried_again(sqlstate: str) -> None:
    """An error, and a NOWAIT of the file's own, end it at once."""
    sent = []

    def send(wait: float) -> None:
        sent.append(wait)
        raise ServerError(sqlstate, "no")

    with pytest.raises(ServerError):
        in_bites(30, AT_ONCE, send, lambda _: None)
    assert len(sent) == 1
