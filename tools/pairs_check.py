"""Let ``lockstep repair`` bring real schemas from *before* to *after*, and let PostgreSQL say what came of it.

``make pairs-check PAIRS=folder [PROJECTS=names]``: per source how many pairs there are; how many of the additive scripts leave only
what was declared, and keep every row; how many of the scripts that may drop and re-type leave nothing at all, by the product's own
compare and by pg_dump; how many tell everything that they leave; and how many do nothing at all in a second run. How many scripts build
an index concurrently, and so take SHARE UPDATE EXCLUSIVE for a moment in every run, is counted apart (``locks``). Then the
failures by reason, and with ``--verbose`` one by one. The folder holds ``<source>/<name>/before.sql`` and ``after.sql``.

Opt-in, and no part of the suite: the material is other people's and is never committed. Verdicts are kept below the folder, keyed
by the pair, the product's code and the server, so that a second check costs nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import replace
from itertools import islice
from pathlib import Path

from pairs.bench import bench
from pairs.judge import MODES, Mode, Verdict, from_line, judge, key_of, version_of
from pairs.material import Pair, sources_in

from lockstep.embedded import find

_CHUNK = 12
_LARGE = 20_000
_MOST_REASONS = 25
_QUOTED = re.compile(r'"[^"]*"|\b\d+\b')
_HEAD = f"{'source':24}{'pairs':>6}{'unfit':>6}{'read':>8} |{'additive':>9}{'told':>8}{'twice':>8}{'rows':>8} |{'allowed':>8}{'told':>8}{'twice':>8}{'crash':>6}{'locks':>7}"


def main() -> int:
    """Judge, keep, and sum up; the exit status says only whether that was possible."""
    arguments = _arguments()
    binaries = find()
    version = version_of(binaries)
    cache: Path = arguments.cache or arguments.pairs / ".verdicts" / binaries.version
    cache.mkdir(parents=True, exist_ok=True)
    print(f"PostgreSQL {binaries.version}; verdicts in {cache}\n{_HEAD}")
    every: list[Verdict] = []
    with ProcessPoolExecutor(
        arguments.jobs, initializer=_end_with, initargs=(os.getpid(),)
    ) as pool:
        for source, pairs in sources_in(arguments.pairs, arguments.projects):
            found = _verdicts(
                pool, pairs, arguments.mode or MODES, version, cache / f"{source}.jsonl"
            )
            every += found
            print(_row(source, found), flush=True)
    print(_row("all", every))
    _tell(every, verbose=arguments.verbose)
    return 0


def _end_with(parent: int) -> None:
    """Let a worker end when its parent is gone: killed, it could not tell."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _verdicts(
    pool: ProcessPoolExecutor,
    pairs: Sequence[Pair],
    modes: Sequence[Mode],
    version: str,
    kept: Path,
) -> list[Verdict]:
    known = {one.key: one for one in _read(kept)}
    wanted = [(pair, mode, key_of(pair, mode, version)) for pair in pairs for mode in modes]
    todo = [each for each in wanted if each[2] not in known]
    work: Sequence[Future[list[Verdict]]] = [pool.submit(_work, some) for some in _chunks(todo)]
    with kept.open("a", encoding="utf-8") as file:
        for done in as_completed(work):
            known.update({one.key: one for one in done.result()})
            file.write("".join(one.as_line() + "\n" for one in done.result()))
            file.flush()
    return [known[key] for _, _, key in wanted]


def _read(kept: Path) -> Iterator[Verdict]:
    if kept.exists():
        yield from map(from_line, kept.read_text(encoding="utf-8").split("\n")[:-1])


_Todo = tuple[Pair, Mode, str]


def _chunks(todo: Sequence[_Todo]) -> Iterator[list[_Todo]]:
    iterator = iter(todo)
    while chunk := list(islice(iterator, len(MODES) * _CHUNK)):
        yield chunk


def _work(todo: Sequence[_Todo]) -> list[Verdict]:
    """Judge some pairs on a server of their own."""
    binaries, found = find(), []
    with bench(binaries) as at:
        for number, (pair, mode, key) in enumerate(todo):
            try:
                verdict = judge(at, binaries, pair, mode)
            except Exception as error:  # one pair must not cost the verdicts on the others
                verdict = Verdict(pair.source, pair.name, mode, crashed=f"the judge: {error!r}")
            found.append(replace(verdict, key=key))
            at.forget(but=_wanted_again(todo[number + 1 :]))
    return found


def _wanted_again(rest: Sequence[_Todo]) -> set[str]:
    """Return the texts whose databases are worth keeping: those of the next pair, and large ones that come up again."""
    near = {text for pair, _, _ in rest[:1] for text in (pair.before, pair.after)}
    large = (text for pair, _, _ in rest for text in (pair.before, pair.after))
    return near | {text for text in large if len(text) > _LARGE}


def _row(name: str, found: Sequence[Verdict]) -> str:
    fit, unfit = [one for one in found if not one.unfit], [one for one in found if one.unfit]
    reading, additive, allowed = ([one for one in fit if one.mode == mode] for mode in MODES)
    pairs, no = (len({(one.source, one.name) for one in some}) for some in (found, unfit))
    row = f"{name:24}{pairs:>6}{no:>6}"
    row += _share(reading, lambda one: one.converged) + " |"
    row += _share(additive, lambda one: one.converged, 9)
    row += _share(additive, lambda one: one.reported) + _share(additive, lambda one: one.twice)
    row += _share(additive, lambda one: not one.rows) + " |"
    row += "".join(
        _share(allowed, test)
        for test in (lambda one: one.converged, lambda one: one.reported, lambda one: one.twice)
    )
    locking = sum(bool(one.locking) for one in fit)
    return row + f"{sum(bool(one.crashed) for one in fit):>6}{locking:>7}"


def _share(found: Sequence[Verdict], test: Callable[[Verdict], bool], width: int = 8) -> str:
    share = f"{100 * sum(map(test, found)) / len(found):.1f}%" if found else "-"
    return f"{share:>{width}}"


def _tell(found: Sequence[Verdict], *, verbose: bool) -> None:
    told: dict[str, Callable[[Verdict], Sequence[str]]] = {
        "the product failed": lambda one: [one.crashed] if one.crashed else [],
        "a dump and a restore change what is read": lambda one: (
            one.left if one.mode == "reading" else []
        ),
        "not seen, but by pg_dump": lambda one: one.seen if one.mode == "reading" else [],
        "statements failed": lambda one: one.failed,
        "the second run did something": lambda one: one.again if one.ran else [],
        "left without a word": lambda one: one.silent,
        "rows were lost or made": lambda one: one.rows if one.mode == "additive" else [],
        "not converged by its own compare": lambda one: one.left if one.mode == "allowed" else [],
        "not converged, and only pg_dump sees it": lambda one: (
            one.seen if one.mode == "allowed" and not one.left else []
        ),
    }
    for what, lines_of in told.items():
        concerned = [one for one in found if lines_of(one)]
        if not concerned:
            continue
        print(f"\n{what}: {len(concerned)}")
        reasons = Counter(reason for one in concerned for reason in {*map(_kind, lines_of(one))})
        for reason, count in reasons.most_common(_MOST_REASONS):
            print(f"{count:>6}  {reason}")
        for one in concerned if verbose else ():
            print(f"  {one.source}/{one.name} ({one.mode})")
            for line in lines_of(one):
                print(f"      {line}")


def _kind(line: str) -> str:
    return _QUOTED.sub("...", line.split(" | ", maxsplit=1)[0])[:100]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="pairs_check", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pairs", type=Path, help="a folder of sources, each a folder of pairs")
    parser.add_argument("projects", nargs="*", help="names of folders in it, or source/name")
    parser.add_argument("--cache", type=Path, help="where verdicts are kept (default: below PAIRS)")
    parser.add_argument(
        "--mode", action="append", choices=MODES, help="judge only this (can be repeated)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="servers at a time (default 2)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show every failure")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
