"""The token changes with every object of the database, and with nothing else that databases do all day."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from lockstep.catalog.token import read_token, token_statement
from lockstep.postgres.session import Session
from lockstep.testing import Databases

SETUP = """
CREATE SCHEMA app; CREATE EXTENSION hstore SCHEMA app;
CREATE TYPE app.mood AS ENUM ('a'); CREATE DOMAIN app.d AS int; CREATE TYPE app.pair AS (a int); CREATE SEQUENCE app.s;
CREATE TABLE app.p (id int PRIMARY KEY, t text, n int CONSTRAINT k CHECK (n > 0)); CREATE INDEX i ON app.p (n);
CREATE TABLE app.c (p int CONSTRAINT f REFERENCES app.p); CREATE TABLE app.parts (a int) PARTITION BY LIST (a); CREATE TABLE app.part (a int); CREATE TABLE app.heir (LIKE app.p INCLUDING CONSTRAINTS);
CREATE VIEW app.v AS SELECT 1 AS x; CREATE MATERIALIZED VIEW app.m AS SELECT 1 AS x; CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER tr BEFORE INSERT ON app.p FOR EACH ROW EXECUTE FUNCTION app.t();
CREATE FUNCTION app.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE POLICY po ON app.p USING (true); CREATE STATISTICS app.st ON id, n FROM app.p;
CREATE PUBLICATION pub FOR TABLE app.c; CREATE TEXT SEARCH CONFIGURATION app.ts (COPY = simple)
"""
CHANGES = """
CREATE SCHEMA app2
DROP SCHEMA app CASCADE
ALTER SCHEMA app RENAME TO app2
COMMENT ON SCHEMA public IS 'x'
GRANT USAGE ON SCHEMA app TO PUBLIC
DROP EXTENSION hstore
ALTER TYPE app.mood ADD VALUE 'b'
ALTER TYPE app.mood RENAME VALUE 'a' TO 'b'
ALTER DOMAIN app.d SET NOT NULL
ALTER DOMAIN app.d ADD CHECK (VALUE > 0)
ALTER TYPE app.pair ADD ATTRIBUTE b int
CREATE TYPE app.r AS RANGE (SUBTYPE = int)
ALTER SEQUENCE app.s INCREMENT 2
ALTER SEQUENCE app.s OWNED BY app.p.id
CREATE TABLE app.x ()
DROP TABLE app.c
ALTER TABLE app.p RENAME TO q
ALTER TABLE app.p ADD x int
ALTER TABLE app.p DROP t
ALTER TABLE app.p RENAME t TO u
ALTER TABLE app.p ALTER t TYPE varchar(9)
ALTER TABLE app.p ALTER t SET DEFAULT 'x'
ALTER TABLE app.p ALTER t SET NOT NULL
ALTER TABLE app.p ALTER t SET STORAGE EXTERNAL
ALTER TABLE app.p ALTER t SET STATISTICS 5
ALTER TABLE app.p ALTER id ADD GENERATED ALWAYS AS IDENTITY
ALTER TABLE app.p SET (fillfactor = 50)
ALTER TABLE app.p REPLICA IDENTITY FULL
ALTER TABLE app.p ENABLE ROW LEVEL SECURITY
ALTER TABLE app.part SET UNLOGGED
ALTER TABLE app.p DISABLE TRIGGER tr
ALTER TABLE app.p DROP CONSTRAINT k
ALTER TABLE app.p ADD UNIQUE (t)
ALTER TABLE app.c ALTER CONSTRAINT f DEFERRABLE
ALTER TABLE app.heir INHERIT app.p
ALTER TABLE app.parts ATTACH PARTITION app.part FOR VALUES IN (1)
CREATE INDEX ON app.p (t)
DROP INDEX app.i
ALTER INDEX app.i SET (fillfactor = 50)
CREATE OR REPLACE VIEW app.v AS SELECT 2 AS x
ALTER VIEW app.v SET (security_barrier)
CREATE RULE ru AS ON DELETE TO app.p DO ALSO NOTIFY x
DROP MATERIALIZED VIEW app.m
CREATE OR REPLACE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 2'
REVOKE EXECUTE ON FUNCTION app.f() FROM PUBLIC
CREATE AGGREGATE app.sum(int) (SFUNC = int4pl, STYPE = int)
DROP TRIGGER tr ON app.p
ALTER POLICY po ON app.p USING (false)
DROP STATISTICS app.st
CREATE EVENT TRIGGER token_et ON ddl_command_end EXECUTE FUNCTION app.e()
ALTER PUBLICATION pub ADD TABLE app.p
ALTER PUBLICATION pub SET (publish = 'insert')
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC
GRANT SELECT (t) ON app.p TO PUBLIC
COMMENT ON COLUMN app.p.t IS 'x'
CREATE OPERATOR app.@@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl)
CREATE CAST (app.pair AS int) WITH INOUT
CREATE COLLATION app.co FROM "C"
ALTER TEXT SEARCH CONFIGURATION app.ts DROP MAPPING FOR word
CREATE FOREIGN DATA WRAPPER token_far
""".strip().splitlines()  # fmt: skip
NO_CHANGES = """
INSERT INTO app.p SELECT n, repeat('x', 5000), n FROM generate_series(1, 50) n
SELECT nextval('app.s')
ANALYZE
VACUUM
VACUUM (FREEZE, ANALYZE)
VACUUM FREEZE pg_catalog.pg_class
CHECKPOINT
BEGIN; ALTER TABLE app.p ADD y int; DROP TABLE app.c; ROLLBACK
CREATE TEMP TABLE x (id serial PRIMARY KEY, t text DEFAULT 'x' CHECK (t <> '')); CREATE INDEX ON x (t); COMMENT ON COLUMN x.t IS 'c'
CREATE TEMP VIEW tv AS SELECT 1 AS x; CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE pg_temp.e AS ENUM ('a')
""".strip().splitlines()  # fmt: skip


@pytest.fixture
def prepared(session: Session) -> Session:
    """A session on a database with something of everything."""
    session.script(SETUP)
    return session


def test_every_change_of_an_object_changes_it(prepared: Session, database: str) -> None:
    """DDL of sixty sorts changes the token, each by itself; when it is rolled back, the token is the old one."""
    before = read_token(prepared)
    silent = []
    with psycopg.connect(database) as other:
        for change in CHANGES:
            if change.startswith("ALTER TYPE app.mood ADD VALUE"):
                continue
            other.execute(change)
            (inside,) = other.execute(f"SELECT ({token_statement(prepared.server_version)})").fetchone() or ("",)  # fmt: skip
            other.rollback()
            if inside == before:
                silent.append(change)
    assert silent == []
    assert read_token(prepared) == before
    prepared.script(next(change for change in CHANGES if "ADD VALUE" in change))
    assert read_token(prepared) != before


def test_it_changes_when_a_change_is_committed(prepared: Session, database: str) -> None:
    """Committed DDL changes it for good, and doing the opposite does not bring the old one back."""
    seen = [read_token(prepared)]
    for change in ("ALTER TABLE app.p ADD x int", "ALTER TABLE app.p DROP x", "SELECT 1"):
        prepared.script(change)
        seen.append(read_token(prepared))
    assert len(set(seen)) == 3
    assert seen[-1] == seen[-2]


def test_what_moves_only_data_does_not_change_it(
    prepared: Session, opened: Callable[[str], Session], database: str
) -> None:
    """Rows, sequences, statistics, vacuum, what is rolled back and what is temporary leave it as it was, seen from any session."""
    prepared.script("INSERT INTO app.p VALUES (0, 'x', 1)")
    before = read_token(prepared)
    for statements in NO_CHANGES:
        for statement in statements.split("; "):
            prepared.script(statement)
        assert read_token(prepared) == before, statements
        assert read_token(opened(database)) == before, statements


def test_it_takes_no_lock_and_no_transaction_id(prepared: Session) -> None:
    """Reading it assigns no transaction id and takes no lock stronger than ACCESS SHARE."""
    query = token_statement(prepared.server_version)
    found = prepared.texts(
        f"BEGIN; {query}; SELECT coalesce(pg_current_xact_id_if_assigned()::text, 'none') || ' ' || string_agg(DISTINCT mode, ',')"
        " FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'; ROLLBACK"
    )
    assert found[-1] == "none AccessShareLock"


def test_two_databases_never_have_the_same(databases: Databases, opened: Callable[[str], Session]) -> None:  # fmt: skip
    """A copy of a database, byte for byte the same catalogs, has a token of its own."""
    first, second = databases.create(), databases.create()
    assert read_token(opened(first)) != read_token(opened(second))


def test_a_role_that_may_nothing_reads_the_same(prepared: Session) -> None:
    """Whoever asks gets the same token: nothing in it needs a privilege."""
    before = read_token(prepared)
    prepared.script("CREATE ROLE token_nobody")
    try:
        prepared.script("SET ROLE token_nobody")
        assert read_token(prepared) == before
    finally:
        prepared.script("RESET ROLE; DROP ROLE token_nobody")


def test_where_the_control_file_is_not_shown(prepared: Session) -> None:
    """Where a service revokes what tells one server from another, the token is bound to the server's start."""
    before = read_token(prepared)
    prepared.script("BEGIN; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC; CREATE ROLE token_less; SET ROLE token_less")  # fmt: skip
    try:
        found = prepared.texts(token_statement(prepared.server_version))
        assert found[-1] != before
        assert prepared.texts(token_statement(prepared.server_version)) == found
    finally:
        prepared.script("ROLLBACK")
    assert read_token(prepared) == before
