"""``lockstep up`` in the test's own process, and a look at what it left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from lockstep.attempt import Attempt
from lockstep.interrupt import Interrupt
from lockstep.settings import resolve
from lockstep.startup import up
from lockstep.testing import Project, Recorder

Boot = Callable[..., Recorder]
Ask = Callable[..., list[Any]]


@pytest.fixture
def boot(project: Project) -> Boot:
    """Run ``lockstep up`` with these variables; return what it reported, or raise what it raises."""

    def run(**environment: str) -> Recorder:
        recorder = Recorder()
        (project.root / "migrations").mkdir(parents=True, exist_ok=True)
        told = {"LOCKSTEP_DATABASE_URL": project.database, **environment}
        up(Attempt("up", resolve(flags={}, environ=told, root=project.root), recorder, Interrupt()))
        return recorder

    return run


@pytest.fixture
def ask(database: str) -> Ask:
    """Run a query on the test's database; return its rows, those of one column as plain values."""

    def run(query: str, *values: Any) -> list[Any]:
        with psycopg.connect(database, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), values or None)
            rows = cursor.fetchall() if cursor.description else []
        return [row[0] if len(row) == 1 else row for row in rows]

    return run
