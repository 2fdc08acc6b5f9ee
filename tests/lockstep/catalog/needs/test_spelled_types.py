"""A type as people write it becomes the text that the server shows: the server itself is the judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lockstep.catalog.needs.spelled_types import Type, read_type

Run = Callable[..., list[Any]]
ONE_WORD = """
int int4 integer INT2 smallint int8 BigInt float4 real float8 float float(10) float(24) float(25) bool boolean
numeric numeric(10) numeric(10,2) decimal(4,1) dec(3) varchar varchar(20) VarChar nchar nchar(3) char char(4)
character character(2) bpchar bpchar(5) bit bit(3) varbit(4) varbit timestamp timestamp(3) timestamptz
timestamptz(3) time time(2) timetz timetz(1) interval interval(3) text uuid json jsonb jsonpath bytea date
inet cidr macaddr money name oid xml point tsvector int4range regclass pg_lsn int[] int[3] text[][]
timestamptz(3)[] "char" "text" "int4" "bit" pg_catalog.int4 pg_catalog."char" pg_catalog.bpchar
pg_catalog.varchar(3) pg_catalog.timestamptz(3) pg_catalog.numeric(5) pg_catalog.numeric(5,1)[]
"""
SPELLINGS = [
    *ONE_WORD.split(),
    "double precision",
    "character varying ( 7 )",
    "char varying(3)",
    "national  character varying(4)",
    "national char(2)",
    "bit varying",
    "bit varying(4)",
    "timestamp without time zone",
    "timestamp ( 0 ) with time zone",
    "TIMESTAMP WITH TIME ZONE",
    "time(3) with time zone",
    "time without time zone",
    "interval year to month",
    "interval day to second(3)",
    "interval second(2)",
    "interval day",
    "interval hour to minute",
    "int array",
    "integer ARRAY[4]",
    "numeric( 8 , 3 ) [ ]",
]


def test_every_spelling_of_a_built_in_type_is_what_the_server_shows(run: Run) -> None:
    """A column of each is made; the server's text of its type is ours, and the text itself reads as itself."""
    columns = ", ".join(f"c{number} {spelling}" for number, spelling in enumerate(SPELLINGS))
    shown = run(
        f"CREATE TABLE t ({columns}); SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum"
    )

    read = {spelling: read_type(spelling) for spelling in SPELLINGS}

    assert {s: t.text for s, t in read.items()} == dict(zip(SPELLINGS, shown, strict=True))
    assert [text for text in shown if read_type(text).text != text] == []
    assert all(type_.builtin for type_ in read.values())


def test_every_spelling_in_a_signature_is_what_the_server_shows(run: Run) -> None:
    """Lengths and precisions are no part of a signature."""
    quoted = {
        '"char"',
        '"bit"',
    }  # in quotes these two are other types, of which format_type makes no difference
    spellings = [one for one in SPELLINGS if one not in quoted and not one.startswith("pg_catalog")]
    listed = ", ".join(f"format_type('{one}'::regtype, NULL)" for one in spellings)

    (shown,) = run(f"SELECT {listed}")

    found = [read_type(one, modified=False).text for one in spellings]
    assert dict(zip(spellings, found, strict=True)) == dict(zip(spellings, shown, strict=True))


def test_serial_is_the_integer_that_it_makes() -> None:
    """The three pseudo-types are what their columns are."""
    assert [read_type(one).text for one in ("smallserial", "serial", "bigserial")] == [
        "smallint",
        "integer",
        "bigint",
    ]


def test_what_is_no_built_in_type_keeps_its_name() -> None:
    """Folded as SQL folds it, with its schema, what stands in parentheses, and brackets."""
    assert read_type("Mood") == Type("Mood", "", "mood", "")
    assert read_type('app."Mood"[]') == Type('app."Mood"[]', "app", "Mood", "[]")
    assert read_type("geometry(Point, 4326)") == Type(
        "geometry(Point, 4326)", "", "geometry", "(point,4326)"
    )


@pytest.mark.parametrize(
    "text", ["", "int(", "varchar 20", "1", "a.b.c", "text; drop table x", "[]", "''"]
)
def test_what_is_no_type_is_refused(text: str) -> None:
    """With a ValueError: nothing of it reaches the server."""
    with pytest.raises(ValueError, match=r"is no type|has more parts"):
        read_type(text)
