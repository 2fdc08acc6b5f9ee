"""Random schemas, randomly damaged by taking things away: the repair brings back what was there, and keeps every row."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lockstep.catalog.repair.conftest import Open, Patient

from lockstep.catalog.snapshot import read_snapshot
from lockstep.testing import Databases

NAMES = ("users", "Order", "a.b", 'q"uo', "select", "é😀", "new\nline", "back\\slash", "x" * 63)
TYPES = (
    ("integer", "1"), ("text", "'a'"), ("numeric(8,2)", "1.5"), ("timestamptz", "now()"), ("uuid", "gen_random_uuid()"),
    ("jsonb", "'{}'"), ("text[]", "'{}'"), ("varchar(9)", "'b'"), ("boolean", "true"), ("date", "'2020-02-02'"),
)  # fmt: skip


def quoted(name: str) -> str:
    """Return a name in quotes."""
    return '"' + name.replace('"', '""') + '"'


@st.composite
def schemas(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Return statements that make a schema with rows, and statements that take parts of it away."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    make: list[str] = []
    damage: list[str] = []
    for number, name in enumerate(names):
        table = f"public.{quoted(name)}"
        columns = ["id int PRIMARY KEY"]
        for place in range(draw(st.integers(1, 5))):
            type_, value = draw(st.sampled_from(TYPES))
            default = f" DEFAULT {value}" if draw(st.booleans()) else ""
            required = " NOT NULL" if default and draw(st.booleans()) else ""
            columns.append(f"c{place} {type_}{default}{required}")
            damage.append(f"ALTER TABLE {table} DROP COLUMN c{place} CASCADE")
            if default:
                damage.append(f"ALTER TABLE {table} ALTER c{place} DROP DEFAULT")
            if required:
                damage.append(f"ALTER TABLE {table} ALTER c{place} DROP NOT NULL")
        make.append(f"CREATE TABLE {table} ({', '.join(columns)}, other int)")
        make.append(f"INSERT INTO {table} (id, other) SELECT g, g FROM generate_series(1, 3) g")
        parent = f"public.{quoted(draw(st.sampled_from(names[: number + 1])))}"
        for kind, definition in (
            ("fk", f"FOREIGN KEY (other) REFERENCES {parent}"),
            ("uq", "UNIQUE (other)"),
            ("ck", "CHECK (other > 0 AND id <> -1)"),
        ):
            if draw(st.booleans()):
                constraint = quoted(f"{kind} {number}")
                make.append(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}")
                damage.append(f"ALTER TABLE {table} DROP CONSTRAINT {constraint} CASCADE")
        if draw(st.booleans()):
            index = quoted(f"i {name}"[:60])
            make.append(
                f"CREATE INDEX {index} ON {table} (other DESC, lower(other::text)) WHERE id > 0"
            )
            damage.append(f"DROP INDEX public.{index}")
        if draw(st.booleans()):
            view = quoted(f"v {name}"[:50])
            make.append(
                f"CREATE VIEW public.{view} AS SELECT id, count(*) AS n FROM {table} GROUP BY id"
            )
            damage.append(f"DROP VIEW public.{view} CASCADE")
        make.append(f"COMMENT ON TABLE {table} IS $c${name} */ $lockstep$ '$c$")
        damage.append(f"COMMENT ON TABLE {table} IS NULL")
        damage.append(f"ALTER TABLE {table} DROP CONSTRAINT {quoted(f'{name}_pkey'[:63])} CASCADE")
    chosen = draw(st.lists(st.sampled_from(damage), min_size=1, max_size=8, unique=True))
    return make, chosen


@pytest.mark.long
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=schemas())
def test_what_is_taken_away_comes_back(
    databases: Databases, opened: Callable[[str], Open], made: tuple[list[str], list[str]]
) -> None:
    """The repair of a damaged schema has the fingerprint of the undamaged one; the rows are those that were left."""
    make, damage = made
    url = databases.create()
    try:
        session = opened(url)
        patient = Patient(url, read_snapshot(session), session)  # type: ignore[arg-type]
        patient.run(*make)
        patient.expected = read_snapshot(session)  # type: ignore[arg-type]
        _damage(patient, damage)
        tables = [
            row[0]
            for row in patient.rows(
                "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
        ]
        kept = [patient.rows(f"SELECT id, other FROM {table} ORDER BY id") for table in tables]
        files = patient.repair()
        assert read_snapshot(session).fingerprint == patient.expected.fingerprint  # type: ignore[arg-type]
        patient.assert_idle(files)
        assert [
            patient.rows(f"SELECT id, other FROM {table} ORDER BY id") for table in tables
        ] == kept
        session.close()  # type: ignore[attr-defined]
    finally:
        databases.drop(url)


def _damage(patient: Patient, statements: list[str]) -> None:
    """Run what can still be run: what was to be taken away may have gone with something else."""
    for statement in statements:
        try:
            patient.run(statement)
        except psycopg.Error:
            continue
