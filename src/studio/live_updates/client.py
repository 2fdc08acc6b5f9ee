"""One connection: a bounded queue out, a bounded trickle in, and an orderly end.

Two tasks: that of the server's call writes, a second one reads. Nobody waits for a client: ``offer`` only puts into the queue,
and a queue that overflows ends the connection. Frames are shared with everybody who gets the same.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from studio.ending import end
from studio.live_updates.changes import Frame
from studio.live_updates.figures import Figures
from studio.live_updates.policy import Close, LivePolicy

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_NOT_SAID = 1005
_CUT_OFF = 1006


class Client:
    """A browser tab that watches a user's content, or one *project* of it."""

    __slots__ = (
        "_figures",
        "_gone",
        "_interrupted",
        "_policy",
        "_queue",
        "_queued_bytes",
        "_sending_since",
        "_spent_until",
        "_task",
        "_verdict",
        "_waiter",
        "asked_at",
        "ping",
        "project",
        "sid",
        "user_id",
        "waiting_for_pong",
    )

    def __init__(
        self,
        user_id: str,
        sid: str,
        project: int | None,
        policy: LivePolicy,
        figures: Figures,
    ) -> None:
        self.user_id = user_id
        self.sid = sid
        """Its session, by the hash that the database knows."""
        self.project = project
        self.asked_at = 0.0
        """When it was last asked for a sign of life."""
        self.ping = 0
        self.waiting_for_pong = False
        self._policy = policy
        self._figures = figures
        self._queue: deque[Frame] = deque()
        self._queued_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._sending_since: float | None = None
        self._interrupted = False
        self._verdict: tuple[Close, str] | None = None
        self._gone: int | None = None
        self._spent_until = 0.0

    @property
    def queued(self) -> int:
        """How many messages wait."""
        return len(self._queue)

    @property
    def ending(self) -> bool:
        """Whether it takes no messages any more."""
        return self._verdict is not None or self._gone is not None

    def stalled(self, now: float) -> bool:
        """Whether it has not taken a message for longer than a client may."""
        since = self._sending_since
        return since is not None and now - since >= self._policy.send_within

    def offer(self, frame: Frame) -> None:
        """Have *frame* sent, in its turn; a client whose queue is full is closed instead."""
        if self.ending:
            return
        self._queue.append(frame)
        self._queued_bytes += frame.size
        if len(self._queue) > self._policy.queue_messages or (
            self._queued_bytes > self._policy.queue_bytes and len(self._queue) > 1
        ):
            self.too_slow()
        self._wake()

    def offer_first(self, frames: list[Frame]) -> None:
        """Have *frames* sent before all that waits: to be called before ``run``."""
        self._queue.extendleft(reversed(frames))
        self._queued_bytes += sum(frame.size for frame in frames)

    def close(self, code: Close, reason: str) -> None:
        """Have the connection closed; what still waits is not sent."""
        if self.ending:
            return
        self._verdict = code, reason
        self._figures.dropped += len(self._queue)
        self._queue.clear()
        self._queued_bytes = 0
        self._wake()
        if self._sending_since is not None and self._task is not None:
            self._interrupted = True
            self._task.cancel()

    def too_slow(self) -> None:
        """Close it for not taking its messages."""
        if self.ending:
            return
        self._figures.slow += 1
        self.close(Close.TOO_SLOW, "messages were not taken as fast as they came")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def run(self, receive: Receive, send: Send, clock: Callable[[], float]) -> int:
        """Serve the accepted connection to its end; return the code that it was closed with."""
        self._task = asyncio.current_task()
        reader = asyncio.create_task(self._read(receive, clock))
        try:
            await self._write(send, clock)
            if self._gone is None:
                await self._say_farewell(send)
        except OSError:  # it went away in the middle of a message
            self._left(_CUT_OFF)
        finally:
            await end([reader])
        if not reader.cancelled():
            reader.result()
        code = self._gone if self._verdict is None else self._verdict[0]
        assert code is not None
        return int(code)

    async def _write(self, send: Send, clock: Callable[[], float]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while self._queue:
                frame = self._queue.popleft()
                self._queued_bytes -= frame.size
                # No timeout for each message: the hub looks for stalled clients once in a while.
                self._sending_since = clock()
                try:
                    await send(frame.message)
                except asyncio.CancelledError:
                    self._recover()
                    return
                finally:
                    self._sending_since = None
                self._figures.sent(frame.size)
            if self.ending:
                return
            self._waiter = loop.create_future()
            await self._waiter

    def _recover(self) -> None:
        """Go on after ``close`` has ended a message that was stuck; whoever else cancels us is obeyed."""
        if not self._interrupted or self._task is None:
            raise asyncio.CancelledError
        self._interrupted = False
        self._task.uncancel()

    async def _say_farewell(self, send: Send) -> None:
        assert self._verdict is not None
        code, reason = self._verdict
        try:
            async with asyncio.timeout(self._policy.farewell_within):
                await send({"type": "websocket.close", "code": int(code), "reason": reason})
        except TimeoutError:
            return  # it reads nothing at all; the server cuts it off

    async def _read(self, receive: Receive, clock: Callable[[], float]) -> None:
        try:
            while not self.ending:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    self._left(_code_of(message))
                else:
                    self._take(message, clock())
        except Exception:
            # A bug of ours must not leave a writer behind that nobody reads for.
            self._left(1011)
            raise

    def _left(self, code: int) -> None:
        if self._gone is None and self._verdict is None:
            self._gone = code
        self._queue.clear()
        self._wake()

    def _take(self, message: Message, now: float) -> None:
        text = message.get("text")
        self._figures.received(len(text) if text is not None else len(message.get("bytes") or b""))
        if self._too_many(now):
            self.close(Close.TOO_MANY, "more messages than a client needs to send")
        elif text is None:
            self.close(Close.UNSUPPORTED, "messages are JSON, as text")
        elif len(text) > self._policy.largest_message:
            self.close(
                Close.TOO_BIG, f"messages have at most {self._policy.largest_message} characters"
            )
        else:
            self._understand(text, now)

    def _too_many(self, now: float) -> bool:
        """Take one message from a bucket that fills again with time."""
        pace = 1 / self._policy.messages_a_second
        self._spent_until = max(self._spent_until, now) + pace
        return self._spent_until - now > pace * self._policy.messages_at_once

    def _understand(self, text: str, now: float) -> None:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            self.close(Close.GARBLED, "messages are JSON objects")
        elif said.get("type") == "pong" and said.get("n") == self.ping and self.waiting_for_pong:
            self.waiting_for_pong = False
            self._figures.answered(now - self.asked_at)
        # What a newer page may say besides is none of our business: it may be served by an older instance for a while.


def _code_of(message: Message) -> int:
    """Return the code of a disconnect; the server has 1005 for a lost connection too, but then gives no reason."""
    code = int(message.get("code", _NOT_SAID))
    return _CUT_OFF if code == _NOT_SAID and "reason" not in message else code
