"""Analyse a long history on two processors: each half needs what the files before it make, but only one needs their findings.

To learn what a file makes takes less than half as long as to judge it. So a second process learns the first part of the history
and judges the rest, while this one judges the first part.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockstep.sql.analysis import analyse
from lockstep.sql.finding import Analysed, Source

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_WORTHWHILE = 256 * 1024  # characters; below, starting a process costs more than it saves
_OR_FILES = 400
_FIRST_PART = 0.68
"""The share that this process judges: (1 - share) + 0.45 * share is about as much for the other."""


def analysed(sources: Sequence[Source], judged: Sequence[bool], server: int) -> list[Analysed]:
    """Return what ``analyse`` returns, with the findings of those files only that are to be *judged*."""
    cut = _cut(sources)
    if not _worthwhile(sources) or all(judged[:cut]) is False:
        return analyse(sources, server=server, judged=judged)
    return _in_two(sources, cut, server) or analyse(sources, server=server, judged=judged)


def _worthwhile(sources: Sequence[Source]) -> bool:
    if sys.platform != "linux" or (os.cpu_count() or 1) < 2:
        return False  # elsewhere a process cannot be forked safely, or starts from nothing
    return len(sources) >= _OR_FILES or sum(len(one.text) for one in sources) >= _WORTHWHILE


def _cut(sources: Sequence[Source]) -> int:
    """Return how many files make up the first part, by length of text and a little for each file."""
    weights = [len(source.text) + 200 for source in sources]
    wanted, so_far = _FIRST_PART * sum(weights), 0
    for number, weight in enumerate(weights):
        so_far += weight
        if so_far >= wanted:
            return number + 1
    return len(sources)


def _in_two(sources: Sequence[Source], cut: int, server: int) -> list[Analysed] | None:
    from multiprocessing import get_context

    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_rest, args=(sources, cut, server, theirs), daemon=True)
    process.start()
    theirs.close()
    first = analyse(sources[:cut], server=server)
    try:
        rest: list[Analysed] = ours.recv()
    except EOFError:
        return None  # it was killed, for want of memory perhaps: then all is done here
    finally:
        process.join()
    return first + rest


def _rest(sources: Sequence[Source], cut: int, server: int, answer: Connection) -> None:
    judged = [number >= cut for number in range(len(sources))]
    answer.send(analyse(sources, server=server, judged=judged)[cut:])
    answer.close()
