"""What a round has left in the database, held against what an undisturbed boot leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from lockstep.catalog.compare import compare
from lockstep.chaos.values import Claim, Expected, File, Violation
from lockstep.chaos.witness import Witness

_PATIENCE = 10.0
"""Seconds until the server must have noticed that a client is gone."""
_POLL = 0.05
_MOST = 5


def aftermath(witness: Witness, expected: Expected | None, *, pooled: bool) -> list[Violation]:
    """Return what is wrong once all copies have ended; without *expected* only what is left behind is looked for."""
    found = list(_left(witness, pooled=pooled))
    if expected is not None:
        found += _wrong_files(witness, expected)
        found += _wrong_schema(witness, expected)
        found += wrong_counts(expected.counts, witness.counts())
    return found


def _left(witness: Witness, *, pooled: bool) -> Iterable[Violation]:
    if _until(lambda: not witness.boot_lock_held()):
        yield _of("left", "the boot lock is still held by a session")

    def sessions() -> list[str]:
        # A pooler keeps idle sessions, for clients that come.
        return [
            f"{one['name'] or 'no name'} ({one['state']})"
            for one in witness.sessions()
            if not (pooled and one["state"] == "idle")
        ]

    if _until(lambda: not sessions()) and (told := sessions()):
        yield _of("left", f"sessions that nobody has ended: {_list(told)}")
    if gids := witness.prepared():
        yield _of("left", f"prepared transactions: {_list(gids)}")


def _wrong_files(witness: Witness, expected: Expected) -> Iterable[Violation]:
    files = witness.files()
    if missing := expected.files - files:
        yield _of("once", f"not applied: {_names(missing)}")
    if more := files - expected.files:
        yield _of("once", f"applied, though an undisturbed boot does not: {_names(more)}")
    if unfinished := witness.unfinished():
        yield _of("once", f"begun and not finished: {_list(unfinished)}")


def _wrong_schema(witness: Witness, expected: Expected) -> Iterable[Violation]:
    drift = compare(expected.schema, witness.schema())
    if drift.differences:
        words = {"missing": "is missing", "extra": "is extra", "differs": "differs"}
        told = [f"{one.name} {words[one.what]}" for one in drift.differences]
        yield _of("schema", f"not the schema of an undisturbed boot: {_list(told)}")


def wrong_counts(expected: Mapping[str, int], counts: Mapping[str, int]) -> list[Violation]:
    """Return the tables that have another number of rows than expected: what fills them ran twice, or not at all."""
    return [
        _of("once", f"{table} has {counts[table]} rows, after an undisturbed boot {rows}")
        for table, rows in expected.items()
        if table in counts and counts[table] != rows
    ]


def _of(claim: Claim, what: str) -> Violation:
    return Violation(claim, what)


def _names(files: Iterable[File]) -> str:
    return _list(sorted(f"{kind} {name} of {app}" for app, kind, name, _ in files))


def _list(told: Iterable[str]) -> str:
    every = list(told)
    more = f" and {len(every) - _MOST} more" if len(every) > _MOST else ""
    return ", ".join(every[:_MOST]) + more


def _until(reached: Callable[[], bool]) -> bool:
    """Wait; return True if it was in vain."""
    deadline = time.monotonic() + _PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            return True
        time.sleep(_POLL)
    return False
