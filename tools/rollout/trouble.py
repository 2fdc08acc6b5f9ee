"""What happens beside a deploy: people who read for long, somebody who alters a table by hand, a migrator that is killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from rollout.chain import Trouble
from rollout.hosting import State

REPORT = 4.0
"""Seconds for which a report keeps its transaction open; then there is hardly a pause, and the next one."""
_MIGRATING = """
select exists (
    select from pg_stat_activity
    where datname = current_database() and state = 'active' and query ~ 'score = views' and pid <> pg_backend_pid()
)
"""
_HALF_DONE = "select count(*) > 20000 from content_metrics where score is not null"


@contextmanager
def beside(trouble: Trouble, database: str, platform: Path) -> Iterator[None]:
    """Make *trouble* during the block."""
    over = threading.Event()
    match trouble:
        case "drop a column":
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute("alter table content drop column editor_note")
            yield
            return
        case "report":
            thread = threading.Thread(target=_report, args=(database, over))
        case "kill the migrator":
            thread = threading.Thread(target=_kill, args=(database, platform, over))
        case _:
            yield
            return
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _report(database: str, over: threading.Event) -> None:
    with psycopg.connect(database, application_name="report") as connection:
        while not over.wait(0.05):
            connection.execute("select count(*) from content")
            over.wait(REPORT)
            connection.rollback()


def _kill(database: str, platform: Path, over: threading.Event) -> None:
    """Kill the process that migrates, without a word, in the middle of its backfill."""
    with psycopg.connect(database, autocommit=True) as connection:
        while not over.wait(0.05):
            migrating = connection.execute(_MIGRATING).fetchone()
            if not migrating or not migrating[0]:
                continue
            half_done = connection.execute(_HALF_DONE).fetchone()
            booting = State.read(platform).booting
            if half_done and half_done[0] and booting:
                os.kill(booting, signal.SIGKILL)
                return
