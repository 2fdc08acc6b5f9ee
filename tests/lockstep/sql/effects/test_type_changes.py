"""ALTER COLUMN TYPE as declared, against what a real server does with the table and its indexes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lockstep.sql.analysis import Analyser
from lockstep.sql.effect import Context, strongest
from lockstep.sql.effects import effects_of
from lockstep.sql.parser import parse

TYPES = """
CREATE TYPE mood AS ENUM ('ok');
CREATE TYPE other_mood AS ENUM ('ok');
CREATE DOMAIN plain_domain AS text;
CREATE DOMAIN checked_domain AS text CHECK (VALUE <> 'wrong');
CREATE DOMAIN short_domain AS varchar(20);
"""
CHANGES = """
varchar(10) -> varchar(20)
varchar(10) -> varchar(10)
varchar(10) -> varchar
varchar(10) -> text
varchar(20) -> varchar(10)
varchar -> varchar(10)
varchar -> text
text -> varchar
text -> varchar(10)
text -> text
text -> char(10)
text -> bpchar
char(5) -> text
char(5) -> varchar(10)
char(5) -> char(10)
char(10) -> char(5)
char(5) -> char(5)
varchar(5) -> char(5)
varchar(5) -> bpchar
bpchar -> text
numeric(10,2) -> numeric(12,2)
numeric(10,2) -> numeric(10,2)
numeric(10,2) -> numeric(12,3)
numeric(10,2) -> numeric(8,2)
numeric(10,2) -> numeric
numeric(10) -> numeric(12)
numeric(10) -> numeric(12,0)
numeric -> numeric(10,2)
smallint -> int
int -> bigint
bigint -> int
int -> numeric
int -> text
int -> oid
oid -> int
oid -> bigint
int -> regclass
real -> float8
float8 -> real
timestamp(3) -> timestamp(6)
timestamp(3) -> timestamp
timestamp(6) -> timestamp(3)
timestamp -> timestamp(6)
timestamp -> timestamp(3)
timestamptz(3) -> timestamptz
timestamptz -> timestamptz(3)
timestamp -> timestamptz
timestamptz -> timestamp
timestamp(3) -> timestamptz(3)
timestamp(3) -> timestamptz
timestamp -> timestamptz(3)
timestamp -> timestamptz USING c AT TIME ZONE 'UTC'
timestamp -> timestamptz USING c::timestamptz
timestamp -> date
time(3) -> time
time -> time(3)
time -> timetz
interval(3) -> interval
interval(3) -> interval(6)
interval -> interval(3)
interval -> interval day
interval day -> interval
interval day -> interval(3)
interval day to second(3) -> interval(3)
interval year -> interval year to month
cidr -> inet
inet -> cidr
inet -> text
bit(4) -> varbit
bit(4) -> varbit(8)
bit(4) -> bit(8)
varbit(4) -> varbit(8)
varbit(8) -> varbit(4)
varbit -> bit(4)
json -> jsonb
jsonb -> json
json -> text
xml -> text
uuid -> text
text -> uuid USING c::uuid
text -> citext
citext -> text
varchar(10) -> citext
citext -> varchar
citext -> varchar(10)
char(5) -> citext
text -> plain_domain
plain_domain -> text
text -> checked_domain
checked_domain -> text
varchar(10) -> short_domain
varchar(20) -> short_domain
short_domain -> varchar(20)
plain_domain -> checked_domain
checked_domain -> plain_domain
mood -> text
text -> mood USING c::mood
mood -> other_mood USING c::text::other_mood
varchar(10)[] -> varchar(20)[]
varchar(10)[] -> text[]
text[] -> varchar[]
int[] -> bigint[]
int[] -> int[]
varchar(10) -> text USING c
varchar(10) -> text USING c::text
varchar(10) -> varchar(30) USING c::varchar(30)
varchar(10) -> varchar(30) USING c::text
varchar(10) -> varchar(30) USING c::varchar(5)
int -> int USING c * 2
text -> text USING lower(c)
text -> text USING coalesce(c, 'x')
text -> text USING d
"char" -> text
name -> text
text -> name
date -> timestamp
bool -> int USING c::int
money -> numeric
bytea -> text USING encode(c, 'hex')
smallint -> oid
varchar(10) -> name
"""
CHANGE = re.compile(r"(.+?) -> (.+?)(?: (USING .*))?$")
UNSORTABLE = ("json", "xml")
WAYS = {
    "alone": "",
    "with an index": "CREATE INDEX i ON t (c);",
    "with a unique constraint": "ALTER TABLE t ADD CONSTRAINT u UNIQUE (c);",
    "with an index on an expression": "CREATE INDEX i ON t ((c IS NULL));",
    "with an index on some rows": "CREATE INDEX i ON t (d) WHERE c IS NOT NULL;",
    "with an index on some rows of another column": "CREATE INDEX i ON t (d) WHERE d IS NOT NULL;",
    "with a CHECK": "ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NULL);",
    "with a CHECK of another column": "ALTER TABLE t ADD CONSTRAINT k CHECK (d IS NOT NULL);",
}
STAYS = ("varchar(10) -> varchar(20)", "varchar(10) -> text", "numeric(10,2) -> numeric(12,2)")


def changes() -> list[str]:
    """Return the lines of the matrix."""
    return [line for line in CHANGES.splitlines() if line]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
@pytest.mark.parametrize("change", changes())
def test_a_change_of_type_costs_what_is_declared(change: str, zone: str, shadow: Any) -> None:
    """The table is written anew, its index built anew, or neither, as the matrix says; the zone matters to timestamps."""
    if zone == "UTC" and "timestamp" not in change:
        zone = "Asia/Tokyo"
    sortable = not change.startswith(UNSORTABLE) and "json" not in change
    check(change, zone, WAYS["with an index" if sortable else "alone"], shadow)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", STAYS)
def test_what_hangs_on_the_column_costs_what_is_declared(
    change: str, way: str, shadow: Any
) -> None:
    """Rows that stay as they are may still be read for a CHECK, or indexed anew."""
    check(change, "UTC", WAYS[way], shadow)


@pytest.mark.parametrize(
    ("old", "new"), [("", 'COLLATE "C"'), ('COLLATE "C"', ""), ('COLLATE "C"', 'COLLATE "C"')]
)
def test_another_collation_sorts_the_index_anew(old: str, new: str, shadow: Any) -> None:
    """The rows stay as they are, an index over the column does not."""
    setup = f"CREATE TABLE t (c text {old}, d text); CREATE INDEX i ON t (c); INSERT INTO t VALUES ('a');"
    compare(setup, "UTC", f"ALTER TABLE t ALTER COLUMN c TYPE text {new}", shadow)


def check(change: str, zone: str, more: str, shadow: Any) -> None:
    """Compare one change of a column, with *more* beside it."""
    parsed = CHANGE.match(change)
    assert parsed
    old, new, using = parsed[1], parsed[2], parsed[3] or ""
    setup = f"{TYPES} CREATE TABLE t (c {old}, d text); {more} INSERT INTO t VALUES (NULL, 'x');"
    compare(setup, zone, f"ALTER TABLE t ALTER COLUMN c TYPE {new} {using}", shadow)


def compare(setup: str, zone: str, statement: str, shadow: Any) -> None:
    """Hold what is declared against what the server does."""
    measured = shadow.measure(f"SET timezone = '{zone}'; {setup}", statement)
    analyser = Analyser(shadow.server)
    analyser.learn(parse(setup))
    context = Context(analyser.state, utc=zone == "UTC")
    declared = strongest(effects_of(parse(statement)[0], context))
    assert measured.sqlstate == ""
    assert measured.effects == {key[-1]: effect for key, effect in declared.items()}
