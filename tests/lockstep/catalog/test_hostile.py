"""A snapshot is right whatever the database does to whoever reads it: names, settings, shadows, locks and other people's DDL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from lockstep.catalog.compare import compare
from lockstep.catalog.fact import read_line
from lockstep.catalog.snapshot import LOCK_TIMEOUT, Snapshot, read_snapshot
from lockstep.errors import SchemaNotReady
from lockstep.postgres.session import Session
from lockstep.testing import until

RICH = Path(__file__).with_name("rich.sql").read_text(encoding="utf-8")
NAMES = (
    "a.b", 'quo"ted', "new\nline\r", "back\\slash\\n", "émoji 😀", "x'; DROP SCHEMA app; --", "{json}", "select", "Upper", "1st", " ", "$1",
    "%s %(x)s", "ü" * 31, "y" * 63,
)  # fmt: skip
SETTINGS = {
    "TimeZone": "Asia/Kathmandu", "DateStyle": "German, DMY", "IntervalStyle": "iso_8601", "bytea_output": "escape", "extra_float_digits": "-5",
    "quote_all_identifiers": "on", "standard_conforming_strings": "off", "escape_string_warning": "on", "backslash_quote": "off",
    "array_nulls": "off", "xmlbinary": "hex", "xmloption": "document", "search_path": "evil, public, pg_catalog, app", "enable_hashjoin": "off",
    "enable_nestloop": "off", "enable_material": "off", "enable_hashagg": "off", "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on", "lock_timeout": "1ms", "work_mem": "64kB", "from_collapse_limit": "1", "geqo_threshold": "2",
}  # fmt: skip
EVIL = """
CREATE SCHEMA evil;
CREATE FUNCTION evil.quote_ident(name) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE ''evil''; END';
CREATE FUNCTION evil.to_json(name) RETURNS json LANGUAGE plpgsql AS 'BEGIN RAISE ''evil''; END';
CREATE FUNCTION evil.pg_get_expr(pg_node_tree, oid) RETURNS text LANGUAGE sql AS 'SELECT ''evil''';
CREATE FUNCTION evil.format_type(oid, int) RETURNS text LANGUAGE sql AS 'SELECT ''evil''';
CREATE FUNCTION evil.hashtidextended(tid, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE FUNCTION evil.never(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION evil.never(text, text) RETURNS text LANGUAGE sql AS 'SELECT ''evil''';
CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.never);
CREATE OPERATOR evil.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
CREATE TABLE evil.pg_class (oid oid, relname name);
CREATE VIEW evil.pg_locks AS SELECT 1 AS x;
CREATE TYPE evil.regclass AS ENUM ('a');
"""


@pytest.fixture
def rich(session: Session, rich_roles: None) -> Session:
    """A session on a database with the rich schema."""
    session.script(RICH)
    return session


@pytest.fixture
def other(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of somebody else."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", NAMES)
def test_any_name_comes_back(session: Session, name: str) -> None:
    """Whatever is in a name, its line is one line, and its path is the name."""
    n = sql.Identifier(name).as_string()
    session.script(
        f"CREATE SCHEMA {n}; CREATE TABLE {n}.{n} ({n} int CONSTRAINT {n} CHECK ({n} > 0));"
        f"CREATE FUNCTION {n}.{n}(x {n}.{n}) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON COLUMN {n}.{n}.{n} IS 'c';"
        f"CREATE TYPE {n}.e AS ENUM ('{name.replace(chr(39), chr(39) * 2)}'); GRANT SELECT ({n}) ON {n}.{n} TO PUBLIC"
    )
    facts = {(fact.kind, fact.path): fact for fact in read_snapshot(session).facts()}
    assert {
        ("schema", (name,)),
        ("table", (name, name)),
        ("column", (name, name, name)),
    } <= facts.keys()
    assert ("constraint", (name, name, name)) in facts
    assert ("comment", ("table column", name, name, name)) in facts
    assert ("grant", ("column", name, name, name, "public")) in facts
    assert facts["enum", (name, "e")].body == {"labels": [name]}
    assert any(kind == "function" and path[:2] == (name, name) for kind, path in facts)


def test_settings_and_shadows_change_nothing(
    rich: Session, other: psycopg.Connection[Any], database: str, opened: Callable[[str], Session]
) -> None:
    """Settings of the database, and functions, operators and tables that come before the server's own, are not used."""
    other.execute(EVIL)
    before = read_snapshot(rich)
    name = sql.Identifier(str(conninfo_to_dict(database)["dbname"]))
    for setting, value in SETTINGS.items():
        change = sql.SQL("ALTER DATABASE {} SET {} = {}")
        path = sql.SQL(value) if setting == "search_path" else sql.Literal(value)
        other.execute(change.format(name, sql.Identifier(setting), path))
    session = opened(database)
    session.script("SET default_transaction_read_only = off")
    session.script(
        "CREATE TEMP TABLE pg_class (oid oid); CREATE TEMP VIEW pg_namespace AS SELECT 1 AS oid"
    )
    assert session.texts("SHOW search_path") == ["evil, public, pg_catalog, app"]
    after = read_snapshot(session)
    assert compare(before, after).differences == ()
    assert after.fingerprint == before.fingerprint
    assert session.texts("SHOW search_path") == ["evil, public, pg_catalog, app"]


@contextmanager
def locked(connection: psycopg.Connection[Any], *tables: str) -> Iterator[None]:
    """Lock *tables* against everybody during the block."""
    with connection.transaction():
        for table in tables:
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def test_what_is_locked_is_not_waited_for(rich: Session, other: psycopg.Connection[Any]) -> None:
    """A table that somebody locks is read but for the texts that need it, and these are no differences."""
    before = read_snapshot(rich)
    with locked(other, "app.users", "app.posts", "app.events", "app.quick"):
        live = read_snapshot(rich)
    assert compare(before, live).differences == ()
    assert compare(live, before).differences == ()
    assert {fact.kind for fact in live.unread} == {"column", "constraint", "index", "matview", "policy", "rule", "trigger", "table", "view"}  # fmt: skip
    assert {fact.path[:2] for fact in live.unread if fact.kind in ("column", "policy", "trigger", "rule")} <= {
        ("app", "users"), ("app", "posts"), ("app", "events"), ("app", "noted"),
    }  # fmt: skip
    assert read_snapshot(rich).fingerprint == before.fingerprint


def test_what_is_known_of_a_locked_table_is_compared(
    rich: Session, other: psycopg.Connection[Any]
) -> None:
    """A lock hides only what needs it: another field of the same object is still seen to differ."""
    before = read_snapshot(rich)
    other.execute("ALTER INDEX app.users_low SET (fillfactor = 50)")
    with locked(other, "app.users"):
        (difference,) = compare(before, read_snapshot(rich)).differences
    assert (difference.name, difference.what, difference.fields) == (
        "index app.users_low",
        "differs",
        ("options",),
    )


def test_who_waits_for_a_lock_is_not_waited_for(
    rich: Session, other: psycopg.Connection[Any], database: str
) -> None:
    """DDL that waits for somebody's query holds up all who come later; a snapshot is not among them."""
    before = read_snapshot(rich)
    with psycopg.connect(database) as reader, psycopg.connect(database) as watcher:
        watcher.autocommit = True
        reader.execute("SELECT FROM app.users")
        waiting = threading.Thread(target=other.execute, args=("LOCK TABLE app.users",))
        other.autocommit = False
        waiting.start()
        until(lambda: watcher.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'app.users'::regclass").fetchone())  # fmt: skip
        assert compare(before, read_snapshot(rich)).differences == ()
        reader.rollback()
        waiting.join()
        other.rollback()


def test_a_lock_that_cannot_be_seen_ends_in_a_clear_error(
    rich: Session, other: psycopg.Connection[Any]
) -> None:
    """Where a catalog itself is locked all the time, the caller is told so, and the session can be used again."""
    assert LOCK_TIMEOUT < 1
    with (
        locked(other, "pg_catalog.pg_event_trigger"),
        pytest.raises(SchemaNotReady, match="changes all the time"),
    ):
        read_snapshot(rich, patience=0.1)
    assert read_snapshot(rich).lines


STORM = (
    "CREATE SCHEMA storm; CREATE TABLE storm.t (id serial PRIMARY KEY, m text DEFAULT 'a', n int CHECK (n > 0))",
    ("CREATE FUNCTION storm.f(storm.t) RETURNS text LANGUAGE sql AS 'SELECT $1.m'; CREATE INDEX i ON storm.t ((n + 1)) WHERE n > 1;"
    "CREATE VIEW storm.v AS SELECT id, storm.f(t) AS f FROM storm.t; CREATE POLICY p ON storm.t USING (n > 0); COMMENT ON VIEW storm.v IS 'v'"),
    "ALTER TABLE storm.t RENAME TO u; ALTER TABLE storm.u ADD extra text GENERATED ALWAYS AS (n::text || 'x') STORED",
    "DROP SCHEMA storm CASCADE",
)  # fmt: skip


def test_ddl_of_others_is_no_error(rich: Session, other: psycopg.Connection[Any]) -> None:
    """While somebody makes and drops objects without a pause, every snapshot is whole, and right about all others."""
    before = _quiet(read_snapshot(rich))
    stop = threading.Event()
    rounds = []

    def storm() -> None:
        while not stop.is_set():
            for statements in STORM:
                other.execute(statements)
            rounds.append(1)

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        seen = [read_snapshot(rich) for _ in range(5)]
    finally:
        stop.set()
        thread.join()
    for snapshot in seen:
        assert _quiet(snapshot) == before
        assert not any("torn" in line for line in snapshot.lines)
        assert [read_line(line).line() for line in snapshot.lines] == list(snapshot.lines)
    assert len(rounds) > len(seen)


def _quiet(snapshot: Snapshot) -> list[str]:
    return sorted(line for line in snapshot.lines if " storm" not in line and ".storm." not in line)
