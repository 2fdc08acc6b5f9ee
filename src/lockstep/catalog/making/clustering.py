"""Which index a table was last sorted by: CLUSTER without a name takes it again."""

from __future__ import annotations

from lockstep.catalog.fact import Fact, Path, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.step import Step
from lockstep.sql.objects import literal, qualified, quoted


def clustered(fact: Fact, table: Path) -> Step:
    """Return the step that marks the index of *fact*, an index or a constraint, or takes the mark from it."""
    name = fact.path[-1]
    row = f"indexrelid = {guards.relation((table[0], name))}"
    if fact.body.get("clustered"):
        action = f"ALTER TABLE {qualified(*table)} CLUSTER ON {quoted(name)}"
        return Step(fact, action, guards.exists("pg_index", row, "NOT indisclustered"))
    return Step(fact, _without(table), guards.exists("pg_index", row, "indisclustered"))


def clustered_on(fact: Fact) -> Step:
    """Return the step that marks a partition's part of its parent's index, which has a name that nobody chose."""
    table = guards.relation(fact.path)
    if "clustered_on" not in fact.body:
        held = f"indrelid = {table} AND indisclustered AND {_part('indexrelid')}"
        return Step(fact, _without(fact.path), guards.exists("pg_index", held))
    parent = guards.relation(undotted(fact.body["clustered_on"]))
    row = f"indrelid = {table} AND {_part('indexrelid', parent)}"
    name = (
        "(SELECT c.relname FROM pg_catalog.pg_index JOIN pg_catalog.pg_class AS c ON c.oid = indexrelid"
        f" WHERE {row})"
    )
    text = f"ALTER TABLE {qualified(*fact.path)} CLUSTER ON "
    body = f"BEGIN EXECUTE {literal(text)} || pg_catalog.quote_ident({name}); END"
    guard = guards.exists("pg_index", row, "NOT indisclustered")
    return Step(fact, f"DO {literal(body)}", guard, phase=1, late=True)


def _part(index: str, parent: str = "") -> str:
    of = f"h.inhparent = {parent}" if parent else ""
    return guards.exists("pg_inherits AS h", f"h.inhrelid = {index}", of)


def _without(table: Path) -> str:
    return f"ALTER TABLE {qualified(*table)} SET WITHOUT CLUSTER"
