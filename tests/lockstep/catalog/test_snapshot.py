"""What a snapshot holds: the same lines for the same schema, on every server, and after a dump and a restore."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from lockstep.catalog.canonical import canonical
from lockstep.catalog.compare import compare
from lockstep.catalog.fact import KINDS, TOLD_SINCE, read_line
from lockstep.catalog.snapshot import Snapshot, message, read_snapshot, read_within
from lockstep.embedded.binaries import Binaries, look_into
from lockstep.postgres.session import ServerError, Session
from lockstep.testing import Databases, private_cluster

RICH = Path(__file__).with_name("rich.sql").read_text(encoding="utf-8")
FINGERPRINT = "54b7b4334bb1e1f884eb5e0fbe5309ac1efd0ce1248c39b78ab43e2d8a2199f9"
"""Of rich.sql, on every PostgreSQL from 13 to 18."""


@pytest.fixture
def rich(session: Session, rich_roles: None) -> Snapshot:
    """The snapshot of the rich schema."""
    session.script(RICH)
    return read_snapshot(session)


def test_the_same_schema_has_the_same_fingerprint_on_every_server(rich: Snapshot) -> None:
    """A schema of every kind of object says the same on PostgreSQL 13 to 18, and says it in canonical lines."""
    assert [line for line in rich.lines if read_line(line).line() != line] == []
    assert rich.fingerprint == FINGERPRINT, "\n".join(sorted(rich.lines))


def test_every_kind_is_there_once_by_name(rich: Snapshot) -> None:
    """The rich schema has an object of every kind that every server tells, and no two lines are of the same object."""
    facts = rich.facts()
    assert {fact.kind for fact in facts} - set(TOLD_SINCE) == set(KINDS) - set(TOLD_SINCE)
    assert len({fact.key for fact in facts}) == len(facts)


_ALONE = (
    "CREATE AGGREGATE public.total (integer) (SFUNC = int4pl, STYPE = integer)",
    "CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.t (id integer); CREATE TRIGGER g BEFORE UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE FUNCTION public.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION public.e()",
    "CREATE TABLE public.t (id integer); CREATE RULE r AS ON DELETE TO public.t DO INSTEAD NOTHING",
    "CREATE VIEW public.v AS SELECT 1 AS one",
    "CREATE TABLE public.t (id integer); CREATE POLICY p ON public.t",
    "CREATE TYPE public.mood AS ENUM ('calm')",
    "CREATE DOMAIN public.digit AS integer CHECK (VALUE < 10)",
    "CREATE TYPE public.pair AS (a integer)",
    "CREATE TYPE public.span AS RANGE (subtype = integer)",
    "CREATE TABLE public.t (a integer, b integer); CREATE STATISTICS public.s ON a, b FROM public.t",
    "CREATE PUBLICATION p",
    'CREATE COLLATION public.plain FROM "C"',
    "CREATE OPERATOR public.## (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4pl)",
    "CREATE CAST (integer AS inet) WITH INOUT",
    "CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = simple)",
    "CREATE TEXT SEARCH CONFIGURATION public.c (COPY = simple)",
    "CREATE FOREIGN DATA WRAPPER w",
    "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    "CREATE TABLE public.t (id integer); COMMENT ON TABLE public.t IS 'x'",
    "COMMENT ON SCHEMA public IS 'another'",
    "CREATE TABLE public.t (id integer); GRANT SELECT ON public.t TO PUBLIC",
)


def test_no_part_is_passed_over_that_has_a_line(session: Session) -> None:
    """Within a transaction only those parts are read that can have lines: whatever is there alone is among them."""
    whole = message(session.server_version, own_transaction=False)
    for sql in _ALONE:
        session.script(f"BEGIN; {sql}")
        lines = read_within(session).lines
        known = Snapshot(canonical(session.texts(whole)[-1] or "", session.server_version // 10000))
        assert sorted(lines) == sorted(known.lines), sql
        assert any(not line.startswith("schema ") for line in lines), sql
        session.rollback()


def test_what_is_not_the_schemas_is_left_out(rich: Snapshot, session: Session) -> None:
    """Lockstep's own tables, what extensions brought, passwords and temporary objects have no line."""
    text = "\n".join(rich.lines)
    for name in ("of_its_own", "hstore_to_json", "never shown", "ghstore", "not the schema"):
        assert name not in text
    session.script(
        "CREATE TEMP TABLE fleeting (id serial PRIMARY KEY, t text CHECK (t <> '')); CREATE TEMP VIEW v AS SELECT 1 AS x;"
        "CREATE TYPE pg_temp.mood AS ENUM ('a'); CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "COMMENT ON TABLE fleeting IS 'soon gone';"
        "REVOKE EXECUTE ON FUNCTION app.floats(float8, float8) FROM public"  # it is a part of its type
    )
    assert compare(rich, read_snapshot(session)).differences == ()


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("since", "sql", "line"),
    [
        (14, "CREATE FUNCTION app.f() RETURNS int BEGIN ATOMIC SELECT 1; END", '"sql_body": "BEGIN ATOMIC\\n SELECT 1;\\nEND"'),
        (14, "CREATE TYPE app.r AS RANGE (SUBTYPE = int, MULTIRANGE_TYPE_NAME = app.many_r)", '"multirange": "app.many_r"'),
        (14, "CREATE STATISTICS app.s ON (a + 1), b FROM app.t", '"expressions": ["(a + 1)"]'),
        (14, "ALTER TABLE app.t ALTER c SET COMPRESSION pglz", '"compression": "pglz"'),
        (15, "ALTER TABLE app.t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (b)", '"nulls_not_distinct": true'),
        (15, "CREATE UNIQUE INDEX u ON app.t (b) NULLS NOT DISTINCT", '"nulls_not_distinct": true'),
        (15, "ALTER TABLE app.t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES app.t (a) ON DELETE SET NULL (b)", '"set_columns": ["b"]'),
        (15, "CREATE VIEW app.v WITH (security_invoker) AS SELECT 1 AS x", '"options": ["security_invoker=true"]'),
        (15, "CREATE PUBLICATION p FOR TABLE app.t (a, b) WHERE (a > 1)", '"tables": ["app.t (a, b) WHERE (a > 1)"]'),
        (15, "CREATE PUBLICATION p FOR TABLES IN SCHEMA app", '"schemas": ["app"]'),
        (18, "ALTER TABLE app.t ADD d int GENERATED ALWAYS AS (a * 2) VIRTUAL", '"generated": "(a * 2)", "type": "integer", "virtual": true'),
        (18, "ALTER TABLE app.t ADD CONSTRAINT n NOT NULL b NOT VALID", 'column app.t.b {"not_null": "not valid", "type": "integer"}'),
        (18, "ALTER TABLE app.t ADD CONSTRAINT n NOT NULL b NO INHERIT", '"not_null_no_inherit": true'),
        (18, "ALTER TABLE app.t ADD CONSTRAINT k CHECK (b > 0) NOT ENFORCED", '"expression": "(b > 0)", "not_enforced": true, "type": "check"'),
        (18, "CREATE TABLE app.w (i int4range, v tsrange, CONSTRAINT p PRIMARY KEY (i, v WITHOUT OVERLAPS))", '"period": true, "type": "primary key"'),
        (18, "CREATE PUBLICATION p FOR TABLE app.t WITH (publish_generated_columns = stored)", '"generated_columns": "stored"'),
    ],
)  # fmt: skip
def test_what_newer_servers_know_is_told(session: Session, since: int, sql: str, line: str) -> None:
    """What a later PostgreSQL brought is in the line of its object."""
    if session.server_version < since * 10000:
        pytest.skip(f"PostgreSQL {since} brought it")
    session.script("CREATE SCHEMA app; CREATE TABLE app.t (a int PRIMARY KEY, b int, c text)")
    before = set(read_snapshot(session).lines)
    session.script(sql)
    new = [found for found in read_snapshot(session).lines if found not in before]
    assert any(line in found for found in new), new
    assert [read_line(found).line() for found in new] == new


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("ALTER TABLE app.t CLUSTER ON t_pkey", '{"clustered": true, "columns": ["a"], "type": "primary key"}'),
        ("CREATE INDEX ON app.p (a); ALTER TABLE app.q CLUSTER ON q_a_idx", '"clustered_on": "app.p_a_idx"'),
        ("CREATE INDEX i ON ONLY app.p (a); CREATE INDEX j ON app.q (a); ALTER INDEX i ATTACH PARTITION j", '"attached": ["app.q"]'),
        ("REVOKE INSERT ON app.t FROM CURRENT_USER", 'revocation table.app.t.pg_owner {"privileges": ["INSERT"]}'),
        ("REVOKE ALL ON FUNCTION app.f() FROM CURRENT_USER", 'revocation function.app.f."".pg_owner {"privileges": ["EXECUTE"]}'),
        ("ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO CURRENT_USER", '{"granted": ["SELECT TO'),
        ("ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM CURRENT_USER", '{"revoked": ["SELECT FROM'),
    ],
)  # fmt: skip
def test_what_is_easily_overlooked_is_told(session: Session, sql: str, line: str) -> None:
    """By what a table is sorted, what of an unfinished index is there, and what an owner keeps from itself has a line."""
    session.script(
        "CREATE SCHEMA app; CREATE TABLE app.t (a int PRIMARY KEY); CREATE TABLE app.p (a int) PARTITION BY LIST (a);"
        "CREATE TABLE app.q PARTITION OF app.p FOR VALUES IN (1); CREATE TABLE app.r PARTITION OF app.p DEFAULT; CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    before = set(read_snapshot(session).lines)
    session.script(f"SET search_path = app; {sql}; RESET search_path")
    new = [found for found in read_snapshot(session).lines if found not in before]
    assert any(line in found for found in new), new
    assert [read_line(found).line() for found in new] == new


def test_an_unfinished_index_is_told(session: Session) -> None:
    """An index that a failed concurrent build left behind is invalid in its line."""
    session.script("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
    with pytest.raises(ServerError) as caught:
        session.script("CREATE UNIQUE INDEX CONCURRENTLY once ON t (a)")
    assert caught.value.sqlstate == "23505"
    assert any(line.startswith("index public.once ") and '"invalid": true' in line for line in read_snapshot(session).lines)  # fmt: skip


def _dumping() -> Binaries | None:
    """Return the newest PostgreSQL of the system that has pg_dump and psql."""
    found = [look_into(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin")]
    complete = [b for b in found if b and all((b.directory / n).exists() for n in ("pg_dump", "psql", "initdb"))]  # fmt: skip
    return max(complete, key=lambda binaries: binaries.major, default=None)


def test_a_dump_and_a_restore_change_nothing(
    opened: Callable[[str], Session], make_rich_roles: Callable[[str], None]
) -> None:
    """What pg_dump writes and psql reads again is the same schema."""
    binaries = _dumping()
    if binaries is None:
        pytest.skip("no pg_dump beside a server of its version")
    with private_cluster(binaries=binaries) as server, Databases(server.conninfo()) as databases:
        make_rich_roles(server.conninfo())
        first, second = databases.create(), databases.create()
        with psycopg.connect(first, autocommit=True) as connection:
            connection.execute(RICH)
        dump = _run(binaries, "pg_dump", first, "--schema-only")
        _run(binaries, "psql", second, "-X", "-q", "-v", "ON_ERROR_STOP=1", feed=dump)
        before, after = (read_snapshot(opened(conninfo)) for conninfo in (first, second))
        assert compare(before, after).differences == ()
        assert before.fingerprint == after.fingerprint == FINGERPRINT


def _run(binaries: Binaries, program: str, conninfo: str, *options: str, feed: str = "") -> str:
    parameters = {f"PG{'DATABASE' if k == 'dbname' else k.upper()}": str(v) for k, v in conninfo_to_dict(conninfo).items()}  # fmt: skip
    done = subprocess.run(
        [str(binaries.directory / program), *options],
        input=feed,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **parameters},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
