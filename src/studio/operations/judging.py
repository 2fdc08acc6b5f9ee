"""When a figure is worth a warning: pure functions from what the server said to sentences, with the command that helps.

The thresholds are those that experience has settled on; each stands once, beside its sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Rows = Sequence[Mapping[str, Any]]

MOST_CONNECTIONS = 0.8
IDLE_IN_TRANSACTION = 30.0
BLOCKED = 5.0
BOOT_LOCK = 300.0
SLOW_MS, SLOW_CALLS = 20.0, 100
HIT_RATIO, HIT_VOLUME = 0.99, 100_000
DEAD_RATIO, DEAD_ROWS = 0.2, 10_000
TRANSACTION_IDS = 10_000_000
SEQUENCE = 0.9
RETAINED = 2**30
QUEUE = 0.5


@dataclass(frozen=True, slots=True)
class Concern:
    """Something to look at: in which group, what, and what may help."""

    group: str
    what: str
    fix: str | None = None


Judge = Callable[[str, Rows], Iterator[Concern]]


def judge_pool(statistics: Mapping[str, int]) -> Iterator[Concern]:
    """Say when somebody waits for a connection."""
    waiting = statistics.get("requests_waiting", 0)
    if waiting and not statistics.get("pool_available", 0):
        held = statistics.get("pool_size", 0)
        what = f"the pool is exhausted: {waiting} wait for one of {held} connections"
        yield Concern("pool", what, "see long_running and blocked for what holds them")


def judge_limit(group: str, rows: Rows) -> Iterator[Concern]:
    """Say when the server is about to refuse connections."""
    for row in rows:
        if row["used"] > MOST_CONNECTIONS * row["most"]:
            what = f"{row['used']} of {row['most']} connections are in use"
            yield Concern(group, what, "use fewer or smaller pools, or a pooler")


def judge_connections(group: str, rows: Rows) -> Iterator[Concern]:
    """Say who sits in a transaction and does nothing."""
    for row in rows:
        idle = row["longest_seconds"] or 0
        if row["state"].startswith("idle in transaction") and idle > IDLE_IN_TRANSACTION:
            what = f"{row['application'] or 'somebody'} is idle in a transaction for {idle:.0f} s"
            yield Concern(group, what, "set idle_in_transaction_session_timeout for its role")


def judge_blocked(group: str, rows: Rows) -> Iterator[Concern]:
    """Say who is kept waiting, and by whom."""
    for row in rows:
        if (row["seconds"] or 0) > BLOCKED:
            what = f"process {row['pid']} waits {row['seconds']:.0f} s for process {row['blocker_pid']}"
            yield Concern(group, what, f"SELECT pg_terminate_backend({row['blocker_pid']});")


def judge_locks(group: str, rows: Rows) -> Iterator[Concern]:
    """Say when a boot holds its lock for longer than boots take."""
    for row in rows:
        boots = (row["application"] or "").startswith("lockstep:")
        held = row["connected_seconds"] or 0
        if row["granted"] and boots and held > BOOT_LOCK:
            yield Concern(
                group, f"{row['application']} has held the boot lock for up to {held:.0f} s"
            )


def judge_statements(group: str, rows: Rows) -> Iterator[Concern]:
    """Say what is slow and often asked."""
    for row in rows:
        if (row.get("mean_ms") or 0) > SLOW_MS and row["calls"] > SLOW_CALLS:
            what = f"{row['calls']} calls took {row['mean_ms']:.0f} ms on average: {row['query'][:100]}"
            yield Concern(group, what, "look at it with EXPLAIN (ANALYZE, BUFFERS)")


def judge_cache(group: str, rows: Rows) -> Iterator[Concern]:
    """Say when much has to be read from the disk."""
    for row in rows:
        volume = (row["hit"] or 0) + (row["read"] or 0)
        if volume > HIT_VOLUME and (row["ratio"] or 0) < HIT_RATIO:
            what = f"{row['what']}: only {100 * (row['ratio'] or 0):.1f} % of what is read is in memory"
            yield Concern(group, what, "raise shared_buffers, or read less")


def judge_invalid(group: str, rows: Rows) -> Iterator[Concern]:
    """Say which index serves nobody."""
    for row in rows:
        if not row["being_built"]:
            what = f"the index {row['name']} is not valid: building it has failed"
            yield Concern(group, what, f"REINDEX INDEX CONCURRENTLY {row['name']};")


def judge_dead(group: str, rows: Rows) -> Iterator[Concern]:
    """Say where vacuum does not keep up."""
    for row in rows:
        if row["dead"] > DEAD_ROWS and (row["dead_ratio"] or 0) > DEAD_RATIO:
            what = f"{100 * row['dead_ratio']:.0f} % of {row['name']} is dead rows"
            yield Concern(group, what, f"VACUUM (ANALYZE) {row['name']};")


def judge_ids(group: str, rows: Rows) -> Iterator[Concern]:
    """Say when a database runs out of transaction ids."""
    for row in rows:
        if row["remaining"] < TRANSACTION_IDS:
            what = f"{row['name']} has {row['remaining']} transaction ids left; then it stops"
            yield Concern(
                group, what, "VACUUM (FREEZE); end old transactions and drop old slots first"
            )


def judge_sequences(group: str, rows: Rows) -> Iterator[Concern]:
    """Say which numbers will run out."""
    for row in rows:
        if (row["used"] or 0) > SEQUENCE:
            what = f"{row['name']} has used {100 * row['used']:.0f} % of its numbers"
            yield Concern(group, what, "make its column and the sequence bigint")


def judge_slots(group: str, rows: Rows) -> Iterator[Concern]:
    """Say which slot fills the disk."""
    for row in rows:
        if (row["retained_bytes"] or 0) > RETAINED:
            what = (
                f"slot {row['name']} makes the server keep {row['retained_bytes'] / 2**30:.1f} GiB"
            )
            yield Concern(
                group, what, "start its reader, or drop the slot with pg_drop_replication_slot"
            )


def judge_queue(group: str, rows: Rows) -> Iterator[Concern]:
    """Say when notifications pile up."""
    for row in rows:
        if row["used"] > QUEUE:
            what = f"the queue of notifications is {100 * row['used']:.0f} % full"
            yield Concern(group, what, "end the oldest transaction of a connection that listens")


def judge_nothing(_group: str, _rows: Rows) -> Iterator[Concern]:
    """Say nothing: the figures are to be looked at."""
    yield from ()
