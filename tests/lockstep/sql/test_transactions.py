"""What a statement asks of the transaction around it; where a server can say so itself, it is asked."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from lockstep.sql.parser import Statement, opaque, parse
from lockstep.sql.transactions import (
    ConcurrentIndex,
    client_copy,
    concurrent_index,
    detached_concurrently,
    discards_all,
    dropped_concurrently,
    may_commit,
    must_run_alone,
    reindexed_concurrently,
    sets_session,
    transaction_control,
    validates_only,
)
from lockstep.testing import Databases


def one(text: str) -> Statement:
    """Parse a single statement."""
    (statement,) = parse(text)
    return statement


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("BEGIN", "BEGIN"),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN"),
        ("START TRANSACTION", "START TRANSACTION"),
        ("COMMIT AND CHAIN", "COMMIT"),
        ("END", "COMMIT"),
        ("ROLLBACK WORK", "ROLLBACK"),
        ("ABORT", "ROLLBACK"),
        ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"),
        ("COMMIT PREPARED 'x'", "COMMIT PREPARED"),
        ("ROLLBACK PREPARED 'x'", "ROLLBACK PREPARED"),
        ("SAVEPOINT a", ""),
        ("ROLLBACK TO a", ""),
        ("RELEASE a", ""),
        ("PREPARE a AS SELECT 1", ""),
        ("SELECT 'COMMIT'", ""),
        ("DO $$ BEGIN COMMIT; END $$", ""),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", ""),
    ],
)
def test_transaction_control(text: str, words: str) -> None:
    """What begins or ends a transaction, in the words of the standard; savepoints do neither."""
    assert transaction_control(one(text)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("COPY t FROM STDIN", "COPY ... FROM STDIN"),
        ("COPY t (a) TO STDOUT WITH (FORMAT csv)", "COPY ... TO STDOUT"),
        ("COPY (SELECT 1) TO STDOUT", "COPY ... TO STDOUT"),
        ("COPY t FROM '/srv/rows.csv'", ""),
        ("COPY t FROM PROGRAM 'cat'", ""),
        ("SELECT 'COPY t FROM STDIN'", ""),
    ],
)
def test_client_copy(text: str, words: str) -> None:
    """COPY through the client, not COPY of the server's own files."""
    assert client_copy(one(text)) == words


ALONE = {
    "CREATE INDEX CONCURRENTLY i ON alone_t (c)": "CREATE INDEX CONCURRENTLY",
    "DROP INDEX CONCURRENTLY IF EXISTS alone_i": "DROP INDEX CONCURRENTLY",
    "REINDEX TABLE CONCURRENTLY alone_t": "REINDEX CONCURRENTLY",
    "REINDEX (VERBOSE, CONCURRENTLY) TABLE alone_t": "REINDEX CONCURRENTLY",
    "REINDEX SCHEMA public": "REINDEX DATABASE",
    "VACUUM": "VACUUM",
    "VACUUM (ANALYZE) alone_t": "VACUUM",
    "CLUSTER": "CLUSTER of all tables",
    "CREATE DATABASE alone_d": "CREATE DATABASE",
    "DROP DATABASE alone_d": "DROP DATABASE",
    "CREATE TABLESPACE alone_s LOCATION '/nowhere'": "CREATE TABLESPACE",
    "DROP TABLESPACE alone_s": "DROP TABLESPACE",
    "ALTER SYSTEM SET work_mem = '4MB'": "ALTER SYSTEM",
    "CREATE SUBSCRIPTION alone_s CONNECTION 'host=nowhere' PUBLICATION p": "CREATE SUBSCRIPTION",
    "ALTER TABLE alone_p DETACH PARTITION alone_p1 CONCURRENTLY": "DETACH PARTITION CONCURRENTLY",
}
TOGETHER = [
    "CREATE INDEX i ON alone_t (c)",
    "DROP INDEX IF EXISTS alone_i",
    "REINDEX TABLE alone_t",
    "REINDEX (CONCURRENTLY false) TABLE alone_t",
    "REINDEX (CONCURRENTLY 0) TABLE alone_t",
    "ANALYZE",
    "CLUSTER alone_t USING alone_pkey",
    "ALTER TABLE alone_p DETACH PARTITION alone_p1",
    "ALTER TYPE alone_e ADD VALUE 'b'",
    "CREATE ROLE alone_r",
    "LOCK TABLE alone_t",
    "DISCARD TEMP",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY alone_m",
]
TABLES = """
CREATE TABLE alone_t (c int CONSTRAINT alone_pkey PRIMARY KEY);
CREATE INDEX alone_i ON alone_t (c);
CREATE TABLE alone_p (c int) PARTITION BY LIST (c);
CREATE TABLE alone_p1 PARTITION OF alone_p FOR VALUES IN (1);
CREATE TYPE alone_e AS ENUM ('a');
CREATE MATERIALIZED VIEW alone_m AS SELECT 1 AS x;
CREATE UNIQUE INDEX ON alone_m (x);
"""


SINCE_14 = {
    "ALTER TABLE alone_p DETACH PARTITION alone_p1 CONCURRENTLY",
    "REINDEX (CONCURRENTLY false) TABLE alone_t",
    "REINDEX (CONCURRENTLY 0) TABLE alone_t",
    "REINDEX (VERBOSE, CONCURRENTLY) TABLE alone_t",
}
"""What PostgreSQL 13 does not know."""


@pytest.fixture(scope="module")
def in_transaction(databases: Databases) -> Iterator[psycopg.Connection]:
    """A connection in a transaction, with the tables that the statements name."""
    conninfo = databases.create()
    with psycopg.connect(conninfo) as connection:
        connection.execute(TABLES)
        yield connection
        connection.rollback()
    databases.drop(conninfo)


@pytest.mark.parametrize("text", [*ALONE, *TOGETHER])
def test_must_run_alone_is_what_the_server_refuses(
    in_transaction: psycopg.Connection, text: str
) -> None:
    """PostgreSQL itself refuses it in a transaction block with 25001, or does not."""
    if text in SINCE_14 and in_transaction.info.server_version < 140000:
        pytest.skip("since PostgreSQL 14")
    refused = ""
    try:
        with in_transaction.transaction(force_rollback=True):
            in_transaction.execute(text.encode())
    except psycopg.errors.ActiveSqlTransaction as error:
        refused = error.sqlstate or ""
    assert must_run_alone(one(text)) == ALONE.get(text, "")
    assert bool(refused) == (text in ALONE)


@pytest.mark.parametrize(
    ("text", "discards"),
    [
        ("DISCARD ALL", True),
        ("DISCARD TEMP", False),
        ("DISCARD PLANS", False),
        ("RESET ALL", False),
    ],
)
def test_discards_all(text: str, discards: bool) -> None:
    """Only DISCARD ALL gives advisory locks back."""
    assert discards_all(one(text)) is discards


@pytest.mark.parametrize(
    ("text", "commits", "sets"),
    [
        ("CALL p()", True, False),
        ("DO $$ BEGIN END $$", False, False),
        ("DO $$ BEGIN COMMIT; END $$", True, False),
        ("DO $$ BEGIN CALL p(); END $$", True, False),
        ("SELECT f()", False, False),
        ("SET search_path = x", False, True),
        ("RESET ALL", False, True),
        ("SELECT set_config('a.b', 'c', false)", False, False),
    ],
)
def test_may_commit_and_sets_session(text: str, commits: bool, sets: bool) -> None:
    """CALL may commit, and so may DO if it says so; SET and RESET last as long as the session."""
    assert (may_commit(one(text)), sets_session(one(text))) == (commits, sets)


@pytest.mark.parametrize(
    ("text", "validates"),
    [
        ("ALTER TABLE t VALIDATE CONSTRAINT a", True),
        ("ALTER TABLE t VALIDATE CONSTRAINT a, VALIDATE CONSTRAINT b", True),
        ("ALTER TABLE t VALIDATE CONSTRAINT a, ADD COLUMN b int", False),
        ("ALTER TABLE t ADD CONSTRAINT a CHECK (b > 0) NOT VALID", False),
        ("SELECT 1", False),
    ],
)
def test_validates_only(text: str, validates: bool) -> None:
    """Validation alone; with anything else beside it, it blocks."""
    assert validates_only(one(text)) is validates


def test_names_are_read_as_written() -> None:
    """Quotes gone, schemas apart, empty where there is none."""
    text = 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "My ""Index" ON "S"."T" (c)'
    assert concurrent_index(one(text)) == ConcurrentIndex('My "Index', "S", "T", True)
    unnamed = concurrent_index(one("CREATE INDEX CONCURRENTLY ON t (c)"))
    assert unnamed == ConcurrentIndex("", "", "t", False)
    assert concurrent_index(one("CREATE INDEX i ON t (c)")) is None
    assert dropped_concurrently(one('DROP INDEX CONCURRENTLY "S".i')) == ("S", "i")
    assert dropped_concurrently(one("DROP INDEX i")) is None
    assert reindexed_concurrently(one("REINDEX INDEX CONCURRENTLY i")) == ("", "i")
    assert reindexed_concurrently(one("REINDEX INDEX i")) is None
    detached = detached_concurrently(one("ALTER TABLE s.p DETACH PARTITION c CONCURRENTLY"))
    assert detached == ("s", "p", "", "c")
    assert detached_concurrently(one("ALTER TABLE p DETACH PARTITION c")) is None


def test_of_unknown_text_nothing_is_known() -> None:
    """A statement that the grammar cannot read asks for nothing in particular."""
    (unknown,) = opaque("COMMIT; FROBNICATE")
    assert not transaction_control(unknown)
    assert not must_run_alone(unknown)
    assert concurrent_index(unknown) is None
