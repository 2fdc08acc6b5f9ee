"""An application's own lifespan, always as if ``on``: if its start-up fails in whatever way, HTTP is never opened.

Servers differ in what they do with an application that raises before it has answered; most of them serve it. The protocol
is a few messages, so it is spoken here, where the cause is kept and the time is bounded.
"""

from __future__ import annotations

import asyncio
from typing import Any

from lockstep.application import AsgiApp, Message
from lockstep.boot.calls import CANCEL_GRACE, Call, Late, Raised, Returned
from lockstep.boot.places import describe, waiting_place
from lockstep.errors import HttpFailed, Problem

_NEXT_STEP = "Correct the application's lifespan; an application without one says `lifespan=False`."


class Lifespan:
    """Runs ``lifespan.startup`` and ``lifespan.shutdown`` of an ASGI application; ``state`` goes to its requests."""

    def __init__(self, app: AsgiApp) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._call: Call[None] | None = None

    async def start(self, seconds: float | None) -> None:
        """Return when the application has completed its start-up, within *seconds*.

        Raises ``HttpFailed`` with the cause; nothing of the application runs then.
        """
        call = Call(self._run)
        try:
            answer = await self._ask("startup", call, seconds)
        except BaseException:
            await call.cancel()
            raise
        if _completed(answer):
            self._call = call
            return
        outcome = await _end(call, answer, seconds)
        raise HttpFailed(
            "the application's lifespan failed at start-up",
            place=None if isinstance(outcome, Returned) else outcome.place,
            why=_complaint(answer, outcome) or "It returned without an answer to lifespan.startup.",
            next_step=_NEXT_STEP,
        ) from (outcome.error if isinstance(outcome, Raised) else None)

    async def stop(self, seconds: float) -> tuple[Problem, ...]:
        """Let the application shut down, and return what went wrong; nothing of it runs afterwards."""
        call, self._call = self._call, None
        if call is None:
            return ()
        answer = await self._ask("shutdown", call, seconds)
        outcome = await _end(call, answer, seconds)
        complaint = _complaint(answer, outcome)
        if not complaint:
            return ()
        place = None if isinstance(outcome, Returned) else outcome.place
        return (Problem(f"the application's lifespan failed at shutdown: {complaint}", place),)

    async def _ask(self, question: str, call: Call[None], seconds: float | None) -> Message | None:
        """Return the application's answer; None if it ended instead, or did not answer in time."""
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[question] = answer
        self._inbox.put_nowait({"type": f"lifespan.{question}"})
        either: set[asyncio.Future[Any]] = {answer, call.task}
        await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        await self._app(scope, self._inbox.get, self._send)

    async def _send(self, message: Message) -> None:
        answer = self._answers.get(message["type"].split(".")[1])
        if answer is None or answer.done():
            raise RuntimeError(f"{message['type']} was not asked for")
        answer.set_result(message)


def _completed(answer: Message | None) -> bool:
    return answer is not None and answer["type"].endswith(".complete")


async def _end(
    call: Call[None], answer: Message | None, seconds: float | None
) -> Returned[None] | Raised | Late:
    """Let a call that has answered return; end one that is late."""
    if answer is None and not call.task.done():
        return await call.cancel(Late(seconds or 0.0, waiting_place(call.task), ended=True))
    return await call.outcome(CANCEL_GRACE)


def _complaint(answer: Message | None, outcome: Returned[None] | Raised | Late) -> str:
    if isinstance(outcome, Raised):
        return describe(outcome.error)
    if answer is not None and not _completed(answer):
        return str(answer.get("message") or f"it answered {answer['type']}")
    return "" if isinstance(outcome, Returned) else f"it was {outcome}"
