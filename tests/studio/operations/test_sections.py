"""What is missing for a part of the report, and the command that would change it."""

from __future__ import annotations

import pytest

from studio.operations.judging import judge_pool
from studio.operations.sections import (
    SECTIONS,
    group_of,
    limit_of_error,
    limit_of_extension,
    limit_of_rights,
)

BY_NAME = {section.name: section for section in SECTIONS}
CREATED = {"created": True, "schema": "public", "preloaded": "auto_explain"}


def test_three_ways_to_lack_an_extension_are_three_messages() -> None:
    """Not on the server, not created, not loaded: each with the command that is next."""
    absent = limit_of_extension(None)
    uncreated = limit_of_extension({**CREATED, "created": False})
    assert limit_of_extension(CREATED) is None
    unloaded = limit_of_error("55000", "must be loaded", BY_NAME["top_statements"], CREATED)
    assert absent is not None
    assert uncreated is not None
    assert "does not have" in str(absent.limited)
    assert uncreated.fix == "CREATE EXTENSION pg_stat_statements;"
    assert unloaded.fix == (
        "ALTER SYSTEM SET shared_preload_libraries = auto_explain, pg_stat_statements; then restart the server"
    )


def test_a_right_is_missed_only_where_it_matters() -> None:
    """Sizes need none; activity of other roles does."""
    plain, monitor = {"role": "app", "sees_all": False}, {"role": "app", "sees_all": True}
    limit = limit_of_rights(BY_NAME["connections"], plain)
    assert limit is not None
    assert limit.fix == "GRANT pg_monitor TO app;"
    assert limit_of_rights(BY_NAME["connections"], monitor) is None
    assert limit_of_rights(BY_NAME["table_sizes"], plain) is None


@pytest.mark.parametrize(
    ("name", "row", "warned"),
    [
        ("connection_limit", {"used": 81, "most": 100}, True),
        ("connection_limit", {"used": 80, "most": 100}, False),
        ("connections", {"application": "", "state": "idle in transaction", "longest_seconds": 31.0}, True),
        ("connections", {"application": "", "state": "idle", "longest_seconds": 31.0}, False),
        ("blocked", {"pid": 1, "blocker_pid": 2, "seconds": 5.1, "query": "", "blocker_query": None}, True),
        ("blocked", {"pid": 1, "blocker_pid": 2, "seconds": 4.9, "query": "", "blocker_query": None}, False),
        ("advisory_locks", {"application": "lockstep:x:migrate", "granted": True, "connected_seconds": 301.0}, True),
        ("advisory_locks", {"application": "other", "granted": True, "connected_seconds": 301.0}, False),
        ("top_statements", {"mean_ms": 20.1, "calls": 101, "query": "select $1"}, True),
        ("top_statements", {"mean_ms": 20.1, "calls": 100, "query": "select $1"}, False),
        ("cache_hit", {"what": "tables", "hit": 98_000, "read": 2_001, "ratio": 0.98}, True),
        ("cache_hit", {"what": "tables", "hit": 98, "read": 2, "ratio": 0.98}, False),
        ("cache_hit", {"what": "tables", "hit": None, "read": None, "ratio": None}, False),
        ("invalid_indexes", {"name": "a.b", "being_built": False}, True),
        ("invalid_indexes", {"name": "a.b", "being_built": True}, False),
        ("dead_rows", {"name": "a.b", "dead": 10_001, "dead_ratio": 0.21}, True),
        ("dead_rows", {"name": "a.b", "dead": 9_999, "dead_ratio": 0.21}, False),
        ("transaction_ids", {"name": "a", "remaining": 9_999_999}, True),
        ("transaction_ids", {"name": "a", "remaining": 10_000_000}, False),
        ("sequences", {"name": "a.b", "used": 0.91}, True),
        ("sequences", {"name": "a.b", "used": None}, False),
        ("replication_slots", {"name": "a", "retained_bytes": 2**30 + 1}, True),
        ("replication_slots", {"name": "a", "retained_bytes": None}, False),
        ("notification_queue", {"used": 0.51}, True),
        ("notification_queue", {"used": 0.5}, False),
    ],
)  # fmt: skip
def test_a_warning_has_its_threshold(name: str, row: dict[str, object], *, warned: bool) -> None:
    """Beyond it there is one, and at it none."""
    group = group_of(BY_NAME[name], (row,), None)
    assert [concern.group for concern in group.concerns] == [name] * warned


def test_an_exhausted_pool_is_a_warning() -> None:
    """When somebody waits and nothing is free; a request that is just being served is none."""
    waiting = {"requests_waiting": 2, "pool_available": 0, "pool_size": 10}
    assert [concern.group for concern in judge_pool(waiting)] == ["pool"]
    assert not list(judge_pool({**waiting, "requests_waiting": 0}))
    assert not list(judge_pool({}))
