"""Poolers before a PostgreSQL of their own: every database of these tests is behind one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.testing import Databases, Project, Server, private_cluster
from lockstep.testing.pgbouncer import HOW_TO_GET_ONE, find_pgbouncer, pgbouncer

Pooler = Callable[..., str]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL that a pooler can reach."""
    with private_cluster(tcp=True) as server:
        yield server


@pytest.fixture(scope="session")
def databases(server: Server) -> Iterator[Databases]:
    """Maker of databases there; every fixture that needs one gets it from here."""
    with Databases(server.conninfo()) as databases:
        yield databases


@pytest.fixture
def pooler(server: Server, database: str) -> Iterator[Pooler]:
    """Start poolers: ``pooler("transaction", 1)`` returns the connection string to the test's database through one."""
    if find_pgbouncer() is None:
        missing = f"pgbouncer is not installed; as root: {HOW_TO_GET_ONE}"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    dbname = conninfo_to_dict(database)["dbname"]
    with ExitStack() as stack:
        yield lambda *mode, **more: make_conninfo(
            stack.enter_context(pgbouncer(server, *mode, **more)), dbname=dbname
        )


@pytest.fixture
def files(project: Project) -> Project:
    """A project of two migrations and a seed."""
    project.migration("0001_items.sql", "CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);")
    project.migration("0002_note.sql", "ALTER TABLE items ADD COLUMN IF NOT EXISTS note text;")
    project.seed("0001_item.sql", "INSERT INTO items VALUES (1) ON CONFLICT (id) DO NOTHING;")
    return project
