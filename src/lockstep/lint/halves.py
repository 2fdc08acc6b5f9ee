"""A long history is judged by two processes at once.

What a file means depends on those before it, but only on what they make, and to learn that takes half as long as to judge them.
So a second process learns the first part of a history and judges the rest, while this one judges the first part.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")
_WORTHWHILE = 48 * 1024
"""Below that many characters a second process costs more than it saves."""
_A_FILE = 150
"""What a file costs besides its text, in characters."""
_FIRST_PART = 0.66
"""Where both parts take the same time: learning takes 0.48 of judging."""


def judged(sizes: Sequence[int], judge: Callable[[int, int], list[T]]) -> list[T]:
    """Return what ``judge(0, n)`` returns for a history of *n* files, of *sizes* in characters.

    ``judge(start, end)`` gives a result for each of the files from *start* to before *end*, having learnt those before. In the
    other process it must leave nothing behind but what it returns, which is pickled.
    """
    middle = _middle(sizes) if sum(sizes) >= _WORTHWHILE else 0
    if middle and _may_fork():
        return in_two(judge, middle, len(sizes))
    return judge(0, len(sizes))


def in_two(judge: Callable[[int, int], list[T]], middle: int, end: int) -> list[T]:
    """Let this process judge what is before *middle*, and a second one the rest; without it, this one does it all."""
    import pickle

    ours, theirs = os.pipe()
    try:
        process = os.fork()
    except OSError:  # no more processes are allowed
        os.close(ours)
        os.close(theirs)
        return judge(0, end)
    if process == 0:
        os.close(ours)
        _answer(theirs, lambda: pickle.dumps(judge(middle, end)))
    os.close(theirs)
    try:
        with open(ours, "rb") as answers:  # noqa: PTH123  # a descriptor, not a Path
            first = judge(0, middle)
            answer = answers.read()
    except BaseException:
        os.kill(process, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(process, 0)
    if status:  # it was killed, for want of memory perhaps
        return judge(0, end)
    rest: list[T] = pickle.loads(answer)  # noqa: S301  # our own
    return first + rest


def _answer(descriptor: int, work: Callable[[], bytes]) -> None:
    """Write what *work* makes, and end this process at once: nothing of what it shares with the other is closed or flushed."""
    status = 1
    try:
        with open(descriptor, "wb") as stream:
            stream.write(work())
        status = 0
    finally:
        os._exit(status)


def _may_fork() -> bool:
    if sys.platform != "linux":
        return False  # elsewhere a process cannot be forked safely, or starts from nothing
    alone = len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208  # another thread may hold a lock for ever
    return alone and len(os.sched_getaffinity(0)) > 1


def _middle(sizes: Sequence[int]) -> int:
    """Return how many files make up the first part; none if the first file is most of it all."""
    weights = list(accumulate(size + _A_FILE for size in sizes))
    wanted = _FIRST_PART * weights[-1]
    return sum(weight < wanted for weight in weights)
