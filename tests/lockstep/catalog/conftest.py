"""What the tests of the catalog share: sessions, and the roles that the rich schema names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import psycopg
import pytest

from lockstep.postgres.connection import connect_now
from lockstep.postgres.session import Session
from lockstep.testing import Server

_MAKE_ROLE = """
DO $$BEGIN
    PERFORM pg_advisory_xact_lock(5417000013);
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF;
END$$"""


@pytest.fixture
def opened() -> Iterator[Callable[[str], Session]]:
    """Return a function that opens a session of the engine's own kind; they are closed after the test."""
    with ExitStack() as stack:

        def open_session(conninfo: str) -> Session:
            session = connect_now(conninfo, "the test", "catalog tests")
            return stack.enter_context(closing(session))

        yield open_session


@pytest.fixture
def session(opened: Callable[[str], Session], database: str) -> Session:
    """A session on the test's database."""
    return opened(database)


@pytest.fixture(scope="session")
def make_rich_roles() -> Callable[[str], None]:
    """Return a function that makes the roles that rich.sql names; they stay, because other databases may name them too."""

    def make(conninfo: str) -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for role in ("rich_reader", "rich_writer"):
                connection.execute(_MAKE_ROLE.format(role=role))

    return make


@pytest.fixture(scope="session")
def rich_roles(cluster: Server, make_rich_roles: Callable[[str], None]) -> None:
    """See that the roles of rich.sql are there."""
    make_rich_roles(cluster.conninfo())
