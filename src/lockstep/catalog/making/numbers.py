"""The numbers that a column has given: what gives them next goes on from there, whether that is a sequence or an identity."""

from __future__ import annotations

import re

from lockstep.catalog.fact import Fact
from lockstep.catalog.making import guards
from lockstep.sql.objects import literal, qualified, quoted

_COUNTED = re.compile(r"nextval\('((?:[^']|'')*)'::regclass\)\Z")
_OWN = """\
SELECT d.objid FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_attribute ON attrelid = d.refobjid AND attnum = d.refobjsubid
WHERE {row} AND d.deptype = 'i' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"""
_GOES_ON = """\
DECLARE
  reached bigint;
  counter oid := ({old});
BEGIN
  IF counter IS NOT NULL THEN
    reached := pg_catalog.pg_sequence_last_value(counter::pg_catalog.regclass);
  END IF;
  EXECUTE {alter};
  IF counter IS NULL THEN
    EXECUTE {greatest} INTO reached;
  END IF;
  counter := ({new});
  IF EXISTS (
    SELECT FROM pg_catalog.pg_sequence AS s, pg_catalog.pg_sequence_last_value(s.seqrelid::pg_catalog.regclass) AS n (last)
    WHERE s.seqrelid = counter AND reached BETWEEN s.seqmin AND s.seqmax
      AND (n.last IS NULL OR pg_catalog.sign(s.seqincrement) * (reached - n.last) > 0)
  ) THEN
    PERFORM pg_catalog.setval(counter::pg_catalog.regclass, reached);
  END IF;
END"""


def going_on(alter: str, wanted: Fact, found: Fact | None) -> str:
    """Return *alter*, which gives a column another source of numbers, as a statement that has it go on where the old one was.

    Where there was none, it goes on behind the greatest value. A sequence that is further already stays where it is.
    """
    old = _counter(found, wanted) if found else ""
    new = _counter(wanted, wanted)
    if not new or old == new:
        return alter
    table, column = qualified(*wanted.path[:2]), quoted(wanted.path[2])
    furthest = "min" if wanted.body.get("sequence", {}).get("increment", 1) < 0 else "max"
    greatest = literal(f"SELECT pg_catalog.{furthest}({column}) FROM {table}")
    body = _GOES_ON.format(old=old or "NULL", new=new, alter=literal(alter), greatest=greatest)
    return f"DO {literal(body)}"


def _counter(column: Fact, at: Fact) -> str:
    """Return a query for the sequence that gives a column its numbers; empty if none does."""
    if "identity" in column.body:
        return _OWN.format(row=guards.column(at.path[:2], at.path[2]))
    match = _COUNTED.match(column.body.get("default", ""))
    return f"SELECT pg_catalog.to_regclass('{match[1]}')::pg_catalog.oid" if match else ""
