"""A repair means what it says whatever the database does to names, operators and settings."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg import sql
from tests.lockstep.catalog.repair.conftest import Patient

SCHEMA = """
CREATE SCHEMA app;
CREATE TABLE app.a (id int PRIMARY KEY, x text, n int NOT NULL DEFAULT 1, at timestamptz DEFAULT '2020-03-02 00:00:00+00');
CREATE TABLE app.b (id int PRIMARY KEY, a_id int CONSTRAINT b_a REFERENCES app.a, CONSTRAINT b_x CHECK (length(a_id::text) > 0));
CREATE INDEX a_low ON app.a (lower(x)) WHERE x <> 'q';
CREATE VIEW app.v AS SELECT id, lower(x) AS x FROM app.a WHERE n = 1;
CREATE FUNCTION app.f(a int) RETURNS int LANGUAGE plpgsql AS $f$BEGIN /* $lockstep$ $x$ -- */ RETURN a + 1; END$f$;
COMMENT ON TABLE app.a IS E'line\\n-- lockstep: no-transaction\\n*/ $lockstep$; DROP TABLE app.a; $x$';
INSERT INTO app.a SELECT g, 'x' || g FROM generate_series(1, 9) g;
INSERT INTO app.b SELECT g, g FROM generate_series(1, 9) g;
"""
DAMAGE = (
    "DROP VIEW app.v", "DROP INDEX app.a_low", "ALTER TABLE app.b DROP CONSTRAINT b_a, DROP CONSTRAINT b_x",
    "ALTER TABLE app.a ALTER n DROP NOT NULL, ALTER n DROP DEFAULT, ALTER at DROP DEFAULT", "DROP FUNCTION app.f", "COMMENT ON TABLE app.a IS NULL",
)  # fmt: skip
EVIL = """
CREATE SCHEMA evil;
CREATE FUNCTION evil.boom() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'the attacker was called'; END$$;
CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE EXCEPTION 'the attacker was called'; END$$;
CREATE FUNCTION evil.length(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE EXCEPTION 'the attacker was called'; END$$;
CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'the attacker was called'; END$$;
CREATE FUNCTION evil.eq(int, int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'the attacker was called'; END$$;
CREATE FUNCTION evil.eqn(name, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'the attacker was called'; END$$;
CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.eq);
CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.eqn);
CREATE TABLE evil.pg_class (oid int); CREATE TABLE evil.a (id int);
"""
SETTINGS = {
    "search_path": "evil, pg_catalog, public", "DateStyle": "German, DMY", "TimeZone": "Asia/Kathmandu", "IntervalStyle": "iso_8601",
    "quote_all_identifiers": "on", "check_function_bodies": "on", "bytea_output": "escape",
}  # fmt: skip


def test_an_attackers_schema_in_front_is_never_called(patient_of: Callable[[str], Patient]) -> None:
    """With another schema before pg_catalog, and unusual settings, the files do what they say, and then nothing."""
    patient = patient_of(SCHEMA)
    patient.run(*DAMAGE)
    files = patient.repair()
    patient.run(*DAMAGE, EVIL)
    with psycopg.connect(patient.url, autocommit=True) as connection:
        for name, value in SETTINGS.items():
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    sql.Identifier(connection.info.dbname),
                    sql.Identifier(name),
                    sql.SQL(value) if name == "search_path" else sql.Literal(value),
                )
            )
    plan = patient.plan()
    assert plan.conflicts == ()
    patient.apply(files)
    assert {name for name in patient.names() if "evil" not in name} == set()
    patient.assert_idle(files)


def test_a_lock_of_somebody_else_is_waited_for_only_as_long_as_told(
    patient_of: Callable[[str], Patient],
) -> None:
    """``lock_timeout`` holds for every step; what it broke off is done by the next run."""
    patient = patient_of(SCHEMA)
    patient.run(*DAMAGE)
    files = patient.repair()
    patient.run(*DAMAGE)
    with (
        psycopg.connect(patient.url) as other,
        psycopg.connect(patient.url, autocommit=True) as connection,
    ):
        other.execute("LOCK TABLE app.a IN ACCESS SHARE MODE")
        connection.execute("SET lock_timeout = '50ms'")
        try:
            connection.execute(files["main"])  # type: ignore[call-overload]
        except psycopg.errors.LockNotAvailable:
            waited = True
    assert waited
    patient.apply(files)
    assert patient.drift() == []
