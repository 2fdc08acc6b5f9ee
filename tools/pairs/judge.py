"""The verdict on one pair: what the script of ``lockstep repair`` does to *before*, and what is then left of the way to *after*.

Two ways to ask: ``additive`` as a service would in production, and ``allowed``, where everything may be dropped and re-typed.
Two observers look at the end: the product's own compare, and pg_dump. Before that, ``reading``: does the one see what the other
sees? What a second run changes is looked for with the queries of the corpus check.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from corpus.state import State, changes, look

from lockstep.catalog.snapshot import Snapshot
from lockstep.embedded import Binaries
from pairs import client, product
from pairs.bench import Bench, DoesNotLoad
from pairs.dumped import differences, dump
from pairs.material import Pair
from pairs.reading import read

_EDITION = 3  # raise it when this code comes to judge otherwise
_MOST = 60
Mode = Literal["reading", "additive", "allowed"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Verdict:
    """What came of a pair; everything that is empty is as it should be.

    ``unfit``: the pair does not load here. ``crashed``: the product failed. ``failed``: statements that failed in the first run.
    ``again``: what the second run did. ``left``: what the product's compare still finds, ``seen`` what pg_dump
    does. ``silent``: what is left and was not declared. ``rows``: tables with fewer or more rows. ``locking``: statements that take
    SHARE UPDATE EXCLUSIVE in every run, and do nothing (``client``).
    """

    source: str
    name: str
    mode: Mode
    unfit: str = ""
    crashed: str = ""
    failed: Sequence[str] = ()
    again: Sequence[str] = ()
    left: Sequence[str] = ()
    seen: Sequence[str] = ()
    silent: Sequence[str] = ()
    rows: Sequence[str] = ()
    declared: Sequence[str] = ()
    locking: Sequence[str] = ()
    steps: int = 0
    key: str = ""

    @property
    def ran(self) -> bool:
        """The script was written, and every statement of it succeeded."""
        return not (self.crashed or self.failed)

    @property
    def converged(self) -> bool:
        """Nothing is left; additively: nothing that the script could have been asked for. (Reading: nothing is unsteady or unseen.)"""
        if self.mode == "additive":
            return self.ran and not self.silent
        return self.ran and not (self.left or self.seen)

    @property
    def reported(self) -> bool:
        """What is left was declared."""
        return not (self.crashed or self.silent)

    @property
    def twice(self) -> bool:
        """The second run did nothing at all."""
        return self.ran and not self.again

    def as_line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)


def from_line(line: str) -> Verdict:
    """Return the verdict of which *line* was made."""
    return Verdict(**json.loads(line))


def key_of(pair: Pair, mode: Mode, version: str) -> str:
    """Return a hash of all that the verdict depends on."""
    return hashlib.sha256(f"{version}\0{mode}\0{pair.key}".encode()).hexdigest()


def version_of(binaries: Binaries) -> str:
    """Return what goes into every key: the server, the product, and this code."""
    chain = hashlib.sha256(f"{_EDITION} {binaries.version}".encode())
    tools = Path(__file__).parent.parent
    for folder in (Path(product.__file__).parent, tools / "corpus", _catalog()):
        for file in sorted(folder.rglob("*")):
            if file.suffix in {".py", ".sql"}:
                chain.update(file.read_bytes())
    return chain.hexdigest()


def _catalog() -> Path:
    import lockstep.catalog

    return Path(lockstep.catalog.__file__).parent


def judge(bench: Bench, binaries: Binaries, pair: Pair, mode: Mode) -> Verdict:
    """Let the product bring *before* to *after*, and look."""
    blank = Verdict(pair.source, pair.name, mode)
    try:
        before, after = bench.database(pair.before), bench.database(pair.after)
    except DoesNotLoad as error:
        return dataclasses.replace(blank, unfit=str(error))
    if mode == "reading":
        return _read(bench, binaries, before, after, blank)
    with bench.copy(before) as live:
        return _Trial(bench, binaries, before, live, after).verdict(blank)


def _read(bench: Bench, binaries: Binaries, before: str, after: str, blank: Verdict) -> Verdict:
    try:
        found = read(bench, binaries, before, after)
    except Exception:
        return dataclasses.replace(blank, crashed=_end(traceback.format_exc()))
    return dataclasses.replace(blank, left=found.restless[:_MOST], seen=found.blind[:_MOST])


@dataclass(frozen=True)
class _Trial:
    """One way from *live* to *after*."""

    bench: Bench
    binaries: Binaries
    before: str
    live: str
    after: str

    def verdict(self, blank: Verdict) -> Verdict:
        try:
            expected = self.bench.known(
                "snapshot", self.after, lambda name: product.snapshot(self._address(name))
            )
            allowed = blank.mode == "allowed"
            repair = product.repair(
                self._address(self.live), expected, self._empty, allowed=allowed
            )
        except Exception:
            return dataclasses.replace(blank, crashed=_end(traceback.format_exc()))
        return self._judged(blank, expected, repair)

    def _judged(self, blank: Verdict, expected: Snapshot, repair: product.Repair) -> Verdict:
        first = self.bench.known("state", self.before, self._look)
        failed = [
            told for text in repair.scripts for told in client.run(self.bench, self.live, text)
        ]
        second = self._look(self.live)
        again = [
            told
            for text in repair.scripts
            for told in client.run_again(self.bench, self.live, text)
        ]
        third = self._look(self.live)
        left = product.drift(expected, self._address(self.live))
        seen = differences(self.bench.known("dump", self.after, self._dump), self._dump(self.live))
        additive = blank.mode == "additive"
        return dataclasses.replace(
            blank,
            failed=failed[:_MOST],
            again=[*again, *changes(second, third)][:_MOST],
            left=[product.told(one) for one in left][:_MOST],
            seen=seen[:_MOST],
            silent=product.silent(repair.plan, left, seen, additive=additive)[:_MOST],
            rows=_rows(first, second),
            declared=product.declared(repair.plan)[:_MOST],
            locking=[told for text in repair.scripts for told in client.looking_under_a_lock(text)][
                :_MOST
            ],
            steps=len(repair.plan.pieces),
        )

    @contextmanager
    def _empty(self) -> Iterator[str]:
        with self.bench.copy("template0") as name:
            yield self._address(name)

    def _address(self, database: str) -> str:
        return self.bench.conninfo(database)

    def _dump(self, database: str) -> Any:
        return dump(self.binaries, self._address(database))

    def _look(self, database: str) -> State:
        with closing(self.bench.connect(database)) as connection:
            connection.autocommit = False
            return look(connection)


def _rows(before: State, after: State) -> list[str]:
    """Return the tables that had rows and have not as many now."""
    return [
        f"{table}: {count} -> {after.rows.get(table, (0, ''))[0]}"
        for table, (count, _) in before.rows.items()
        if after.rows.get(table, (0, ""))[0] != count
    ]


def _end(text: str) -> str:
    return " ".join(text.strip().splitlines()[-3:])[-400:]
