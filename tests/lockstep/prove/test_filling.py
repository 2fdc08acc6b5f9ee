"""Rows for whatever a table asks for: every one that can have a row gets some, the same at every run."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.prove.filling.filler import Filler
from lockstep.prove.ground import Ground

_DEMANDING = """
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE DOMAIN email AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE DOMAIN digit AS integer CHECK (VALUE > 0 AND VALUE < 10);
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, e email NOT NULL UNIQUE, m mood NOT NULL, d digit NOT NULL,
    s varchar(3) NOT NULL, k text CHECK (k IN ('x', 'y')) NOT NULL, twice integer GENERATED ALWAYS AS (2) STORED);
CREATE TABLE b (id uuid PRIMARY KEY, a_id bigint NOT NULL REFERENCES a, words text[] NOT NULL, during tstzrange NOT NULL,
    share numeric(4, 2) NOT NULL CHECK (share BETWEEN 0 AND 1), EXCLUDE USING gist (during WITH &&));
CREATE TABLE c (a_id bigint NOT NULL REFERENCES a, b_id uuid NOT NULL REFERENCES b, PRIMARY KEY (a_id, b_id),
    low integer NOT NULL, high integer NOT NULL, CHECK (low < high), digest text NOT NULL CHECK (char_length(digest) = 64));
CREATE TABLE parts (id integer NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
CREATE TABLE kinds (kind text NOT NULL) PARTITION BY LIST (kind);
CREATE TABLE kinds_1 PARTITION OF kinds FOR VALUES IN ('one', 'two');
CREATE TABLE tree (id integer PRIMARY KEY, parent integer REFERENCES tree);
CREATE TABLE many (p pair NOT NULL, m mood[] NOT NULL, r int4range NOT NULL, b bit(3) NOT NULL, j jsonb NOT NULL, i inet NOT NULL,
    sole boolean NOT NULL UNIQUE, t time NOT NULL, y bytea NOT NULL, x xml, g point NOT NULL, n name NOT NULL);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
CREATE TABLE guarded (id integer PRIMARY KEY, name text NOT NULL CHECK (name ~ '^[a-z]{2,5}$'));
CREATE TRIGGER guarded BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();
"""
_TABLES = ("a", "b", "c", "parts", "kinds", "tree", "many", "guarded")


def _filled(
    ground: Ground, sql: str, fixture: str = "", tables: Sequence[str] = _TABLES
) -> tuple[Filler, dict[str, list[str]]]:
    url = ground.create()
    filler = Filler(fixture)
    with ground.session(url) as session:
        session.script(sql)
        filler.fill(session)
        rows = {
            table: [
                row["line"]
                for row in session.fetch(f"SELECT t::text AS line FROM public.{table} t ORDER BY 1")
            ]
            for table in tables
        }
    return filler, rows


def test_every_table_gets_rows_that_it_takes(ground: Ground) -> None:
    """Types, checks, keys, domains, partitions, exclusion, and a trigger that refuses: all are met, twice the same."""
    filler, rows = _filled(ground, _DEMANDING)
    assert filler.unfilled == {}
    assert {table: len(found) for table, found in rows.items()} == dict.fromkeys(_TABLES, 2)
    assert _filled(ground, _DEMANDING)[1] == rows


def test_a_table_that_nothing_fits_is_told(ground: Ground) -> None:
    """Where no row can be made the reason is said, and the others get theirs."""
    sql = "CREATE TABLE never (id integer CHECK (id IS NOT NULL AND id <> id)); CREATE TABLE after (id integer)"
    filler, rows = _filled(ground, sql, tables=("never", "after"))
    assert list(filler.unfilled) == ["public.never"]
    assert "never_id_check" in filler.unfilled["public.never"]
    assert len(rows["after"]) == 2


def test_new_columns_get_values_too(ground: Ground) -> None:
    """A table whose columns have changed gets rows that fill the new ones; one that has not is left alone."""
    filler = Filler()
    with ground.session(ground.create()) as session:
        session.script("CREATE TABLE t (id integer PRIMARY KEY)")
        assert filler.fill(session) == 1
        assert filler.fill(session) == 0
        session.script("ALTER TABLE public.t ADD COLUMN n integer")
        assert filler.fill(session) == 1
        (row,) = session.fetch("SELECT count(*), count(n) AS filled FROM public.t")
    assert (row["count"], row["filled"]) == (4, 2)


def test_a_fixture_comes_first(ground: Ground) -> None:
    """Rows of one's own are put where they can be, and the rest is made up."""
    sql = "CREATE TABLE mine (id integer); CREATE TABLE other (id integer)"
    fixture = "INSERT INTO mine VALUES (7); INSERT INTO missing VALUES (1);"
    _, rows = _filled(ground, sql, fixture, ("mine", "other"))
    assert rows["mine"] == ["(7)"]
    assert len(rows["other"]) == 2
