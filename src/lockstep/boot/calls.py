"""Call what is not ours, for a bounded time, whatever it does: raise, hang, ignore cancellation, or exit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from lockstep.boot.places import describe, raising_place, waiting_place
from lockstep.errors import Place

_T = TypeVar("_T")
CANCEL_GRACE = 1.0
"""Seconds that a cancelled call gets for its ``finally`` blocks before it is left behind."""


class LeftTheProcess(Exception):
    """What was called raised ``SystemExit`` or ``KeyboardInterrupt``; only the engine ends the process."""


class CancelledItself(Exception):
    """What was called ended with ``CancelledError``, yet nobody had cancelled it."""


@dataclass(frozen=True, slots=True)
class Late:
    """A call did not end in time and was cancelled; ``ended`` says whether it obeyed."""

    seconds: float
    place: Place | None
    ended: bool
    error: Exception | None = None

    def __str__(self) -> str:
        words = f"not done after {round(self.seconds, 2):g} s"
        if self.place is not None:
            words += f"; it waited at {self.place}"
        if self.error is not None:
            words += f"; being cancelled it raised {describe(self.error)}"
        return words if self.ended else f"{words}; it ignores being cancelled"


@dataclass(frozen=True, slots=True)
class Raised:
    """A call ended with an exception."""

    error: Exception

    @property
    def place(self) -> Place | None:
        """Where it was raised."""
        return raising_place(self.error)

    def __str__(self) -> str:
        place = f" at {self.place}" if self.place else ""
        return f"{describe(self.error)}{place}"


@dataclass(frozen=True, slots=True)
class Returned(Generic[_T]):
    """A call returned."""

    value: _T


class Call(Generic[_T]):
    """One call in a task of its own; ``outcome`` waits for it, ``cancel`` ends it."""

    def __init__(self, function: Callable[[], Awaitable[_T]]) -> None:
        self.task = asyncio.create_task(_guarded(function))

    async def outcome(
        self, seconds: float | None, *, unless: asyncio.Future[Any] | None = None
    ) -> Returned[_T] | Raised | Late:
        """Wait for at most *seconds*, or until *unless* is done, and then cancel.

        A cancellation of the caller goes no further: the call runs on until ``cancel``.
        """
        futures: set[asyncio.Future[Any]] = {self.task} if unless is None else {self.task, unless}
        await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            return self._ended()
        place = waiting_place(self.task)
        return await self.cancel(Late(seconds or 0.0, place, ended=True))

    async def cancel(
        self, late: Late = Late(0.0, None, ended=True)
    ) -> Returned[_T] | Raised | Late:
        """Cancel the call, wait for its end, and return *late* with what came of it.

        A call that swallows the cancellation and returns has done its work, so that its value counts.
        """
        self.task.cancel()
        await asyncio.wait({self.task}, timeout=CANCEL_GRACE)
        if not self.task.done():
            return replace(late, ended=False)
        match self._ended():
            case Returned() as returned:
                return returned
            case Raised(CancelledItself()):
                return late
            case Raised(error):
                return replace(late, error=error)

    def _ended(self) -> Returned[_T] | Raised:
        if self.task.cancelled():
            return Raised(CancelledItself("it was cancelled from inside"))
        error = self.task.exception()
        if error is None:
            return Returned(self.task.result())
        assert isinstance(error, Exception)
        return Raised(error)


async def _guarded(function: Callable[[], Awaitable[_T]]) -> _T:
    # In a task, SystemExit would tear down the event loop, and `sys.exit(0)` would make a failed boot look like success.
    try:
        return await function()
    except (SystemExit, KeyboardInterrupt) as error:
        raise LeftTheProcess(describe(error)) from error
