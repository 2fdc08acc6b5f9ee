"""Every statement that people's requests run reads by an index what it reads of a large table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lockstep import Database
from studio.content import editing, library, metrics, pieces, schedules
from studio.storage import Jsonb

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC)
MINE = {"user_id": "x1", "content_id": 7}
PAGE = {"after_at": NOW, "after_id": 9, "limit": 21}
ALL = dict.fromkeys(("status", "platform", "project_id", "search"))
CHANGES = [{"id": n, "status": "paused", "open_becomes": "paused"} for n in range(1, 500)]
WRITES_ONLY = {"record_deeds", "add_schedules"}
"""What reads nothing but what it is handed."""

QUESTIONS: list[tuple[str, Mapping[str, Any]]] = [
    ("piece", MINE),
    ("page_of_outlines", {**ALL, **PAGE, "user_id": "x1"}),
    ("page_of_outlines", {**ALL, **PAGE, "user_id": "x1", "status": "failed"}),
    ("page_of_outlines", {**ALL, **PAGE, "user_id": "x1", "project_id": 3, "search": "read"}),
    ("page_of_outlines", {**ALL, "user_id": "x1", "limit": 21, "after_at": None, "after_id": None}),
    ("outlines_between", {"user_id": "x1", "begin": NOW, "end": NOW + timedelta(31), "project_id": None, "limit": 5001}),
    ("counts_by_status", {"user_id": "x1", "project_id": None}),
    ("counts_by_status", {"user_id": "x1", "project_id": 3}),
    ("owned", MINE),
    ("page_of_deeds", {**PAGE, "content_id": 7}),
    ("lock_pieces", {"ids": list(range(1, 500)), "user_id": "x1"}),
    ("newest_schedules", {"ids": list(range(1, 500))}),
    ("apply_changes", {"changes": Jsonb(CHANGES)}),
    ("turn_open_schedules", {"changes": Jsonb(CHANGES)}),
    ("create_piece", {"user_id": "x1", **editing.EDITABLE, "metadata": Jsonb({}), "project_id": 3}),
    ("lock_piece", MINE),
    ("edit_piece", {"content_id": 7, "given": Jsonb({}), "versions": 1, "revision": 1}),
    ("own_project", {"user_id": "x1", "project_id": 3}),
    ("move_open_schedules", {"content_id": 7, "platform": "my_blog"}),
    ("delete_piece", MINE),
    ("report_metrics", {**MINE, **dict.fromkeys(metrics.FIGURES), "platform": "instagram", "measured_at": None}),
    ("metrics_of", MINE),
]  # fmt: skip
TABLES = ("content", "content_action_history", "post_schedules", "content_metrics", "projects")
QUERIES = {**library.QUERIES, **schedules.QUERIES, **editing.QUERIES, **metrics.QUERIES}


def test_every_statement_is_asked_about() -> None:
    """A statement that is added later is explained here too."""
    assert set(QUERIES) >= set(pieces.QUERIES)
    assert set(QUERIES) == {name for name, _ in QUESTIONS} | WRITES_ONLY


async def test_no_statement_reads_a_table_from_end_to_end(pool: Database, shelf: Shelf) -> None:
    """Among the content of 50 people, 20,000 pieces, each statement finds its rows by an index."""
    fill(shelf)
    slow = []
    async with pool.connection() as connection:
        for name, values in QUESTIONS:
            query = f"explain (costs off) {QUERIES[name]}".encode()
            plan = [row[0] for row in await (await connection.execute(query, values)).fetchall()]
            slow += [(name, line.strip()) for line in plan if "Seq Scan" in line]
    assert slow == []


async def test_no_trigger_reads_a_table_from_end_to_end(pool: Database, shelf: Shelf) -> None:
    """After a bulk, whose plans a session keeps, the history of a single change is announced by index, too."""
    fill(shelf)
    deeds = [{"content_id": change["id"], "action": "pause"} for change in CHANGES]
    counts = b"select relname, seq_scan from pg_stat_xact_user_tables where relname = any(%s)"
    async with pool.connection() as connection:
        for some in (deeds, deeds[:1]):
            values = {"user_id": "x1", "deeds": Jsonb(some)}
            await connection.execute(QUERIES["record_deeds"].encode(), values)
        read = await (await connection.execute(counts, [list(TABLES)])).fetchall()
    assert dict(read)["content"] == 0


def fill(shelf: Shelf) -> None:
    """Write the content of 50 people, with a schedule, a history and figures each; without the triggers that would take long."""
    shelf.run("set session_replication_role = replica")
    shelf.run(
        "insert into users (id, email) select 'x' || n, n || '@example.com' from generate_series(1, 50) as n"
    )
    shelf.run(
        "insert into projects (user_id, name) select 'x' || 1 + n % 50, 'P' from generate_series(1, 2000) as n"
    )
    shelf.run(
        "insert into content (user_id, project_id, title, platform, scheduled_at, created_at)"
        " select 'x' || 1 + n % 50, 1 + n % 2000, 'Bread ' || n, 'instagram',"
        " now() + n * interval '1 minute', now() - n * interval '1 s' from generate_series(1, 20000) as n"
    )  # fmt: skip
    shelf.run(
        "insert into content_action_history (content_id, action) select id, 'create' from content"
    )
    shelf.run("insert into content_metrics (content_id, platform) select id, platform from content")
    shelf.run(
        "insert into post_schedules (content_id, platform, scheduled_at) select id, platform, scheduled_at from content"
    )
    shelf.run("analyze")
