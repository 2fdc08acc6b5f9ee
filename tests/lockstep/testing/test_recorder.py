"""A recorder remembers events in order and can be waited for."""

from __future__ import annotations

import threading

import pytest

from lockstep.events import LockObtained, LockReleased, SchemaFinal
from lockstep.testing import Recorder


def test_events_are_kept_in_order(recorder: Recorder) -> None:
    """Names and events come back oldest first, and clear forgets them."""
    recorder(LockObtained(0.5))
    recorder(LockReleased())
    recorder(LockObtained(1.5))
    assert recorder.names() == ["LockObtained", "LockReleased", "LockObtained"]
    assert recorder.of(LockObtained) == [LockObtained(0.5), LockObtained(1.5)]
    recorder.clear()
    assert recorder.events == []


def test_waiting_ends_with_the_event(recorder: Recorder) -> None:
    """An event from another thread wakes the one who waits for its class."""
    thread = threading.Thread(
        target=lambda: [recorder(LockReleased()), recorder(SchemaFinal(3, 1))]
    )
    thread.start()
    assert recorder.wait_for(SchemaFinal) == SchemaFinal(3, 1)
    thread.join()
    assert recorder.wait_for(LockReleased, timeout=0) == LockReleased()


def test_waiting_in_vain_tells_what_came(recorder: Recorder) -> None:
    """The error names the class that was wanted and the events there are."""
    recorder(LockReleased())
    with pytest.raises(TimeoutError, match=r"No SchemaFinal .* LockReleased"):
        recorder.wait_for(SchemaFinal, timeout=0.01)
