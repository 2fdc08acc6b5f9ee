"""Steady requests for some seconds, at a fixed rate whatever the answers take: what a client of a deploy sees."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from lockstep.deploy.asking import Answer, ask
from lockstep.values import dataclass

_MOST_AT_ONCE = 32
_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """How requests ended: by status or by error; ``gap`` is the longest time between two answers that were no error, in seconds."""

    endings: dict[str, int]
    gap: float


def request_steadily(
    url: str, seconds: float, rate: float, stop: Callable[[], bool] = lambda: False
) -> Seen:
    """GET *url* *rate* times a second for *seconds*; *stop* ends it early."""
    answers: list[tuple[float, Answer]] = []

    def one() -> None:
        answer = ask(url, timeout=_TIMEOUT)
        answers.append((time.monotonic(), answer))

    begun = time.monotonic()
    sent: list[Future[None]] = []
    with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
        while len(sent) < max(1, round(seconds * rate)) and not stop():
            time.sleep(max(0.0, begun + len(sent) / rate - time.monotonic()))
            sent.append(pool.submit(one))
    endings = Counter(_ending(answer) for _, answer in answers)
    good = sorted(at for at, answer in answers if answer.status and answer.status < 500)
    moments = [begun, *good, max((at for at, _ in answers), default=begun)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    return Seen(dict(endings), max(gaps, default=0.0))


def _ending(answer: Answer) -> str:
    return str(answer.status) if answer.status else answer.error.partition(":")[0]
