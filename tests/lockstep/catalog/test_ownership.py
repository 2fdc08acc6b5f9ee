"""Who owns what is another role in every place: it is no difference, and an owner needs no grant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lockstep.catalog.compare import compare
from lockstep.catalog.snapshot import Snapshot, read_snapshot
from lockstep.postgres.session import Session
from lockstep.testing import Databases

SCHEMA = """
    CREATE SCHEMA app;
    CREATE TABLE app.users (id int, name text);
    CREATE TABLE app.others (id int);
    CREATE TABLE app.more (id int);
    CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
"""
GRANTS = """
    GRANT SELECT ON app.users TO rich_writer;
    GRANT UPDATE (name) ON app.users TO rich_writer;
    GRANT EXECUTE ON FUNCTION app.one() TO rich_writer;
"""
OWNED = """
    ALTER TABLE app.users OWNER TO rich_writer;
    ALTER FUNCTION app.one() OWNER TO rich_writer;
"""
EVERYTHING_OWNED = (
    OWNED
    + """
    ALTER TABLE app.others OWNER TO rich_writer;
    ALTER TABLE app.more OWNER TO rich_writer;
"""
)


@pytest.fixture
def read(
    databases: Databases, opened: Callable[[str], Session], rich_roles: None
) -> Callable[[str], Snapshot]:
    """Return a function that reads a new database in which a text was run."""
    del rich_roles

    def read_after(text: str) -> Snapshot:
        session = opened(databases.create())
        session.script(text)
        return read_snapshot(session)

    return read_after


@pytest.mark.parametrize("owned", [OWNED, EVERYTHING_OWNED])
def test_a_grant_to_the_role_that_owns_the_object_is_not_missing(
    read: Callable[[str], Snapshot], owned: str
) -> None:
    """Where production's tables belong to the role that scratch databases grant them to, nothing is missing."""
    assert compare(read(SCHEMA + GRANTS), read(SCHEMA + owned)).differences == ()


def test_a_grant_to_another_role_is_missing(read: Callable[[str], Snapshot]) -> None:
    """Of three grants two are the owner's anyway: the third is missing."""
    wanted = SCHEMA + GRANTS + "GRANT SELECT ON app.others TO rich_writer;"
    missing = compare(read(wanted), read(SCHEMA + OWNED)).differences
    assert [difference.name for difference in missing] == ["grant table.app.others.rich_writer"]


def test_owners_are_no_part_of_the_fingerprint(read: Callable[[str], Snapshot]) -> None:
    """The same schema has the same fingerprint whoever owns it."""
    assert read(SCHEMA).fingerprint == read(SCHEMA + EVERYTHING_OWNED).fingerprint
