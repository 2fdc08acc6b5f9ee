"""Questions to the catalogs, as conditions. All are answered without a lock stronger than ACCESS SHARE, and change nothing.

Each names its objects by what the catalogs call them, in literals; what is not there is not found, and is no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lockstep.catalog.fact import Path
from lockstep.catalog.making.texts import array
from lockstep.sql.objects import literal, qualified, quoted


def exists(catalog: str, *conditions: str) -> str:
    """Return the condition that *catalog* has a row for which all *conditions* hold."""
    where = " AND ".join(condition for condition in conditions if condition)
    return f"EXISTS (SELECT FROM pg_catalog.{catalog} WHERE {where})"


def missing(catalog: str, *conditions: str) -> str:
    """Return the condition that *catalog* has no such row."""
    return f"NOT {exists(catalog, *conditions)}"


def both(*conditions: str) -> str:
    """Return the condition that all hold."""
    return " AND ".join(condition for condition in conditions if condition)


def not_all(conditions: Iterable[str]) -> str:
    """Return the condition that one of *conditions* does not hold, or is not known to."""
    return f"({' AND '.join(conditions)}) IS NOT TRUE"


def relation(path: Path) -> str:
    """Return the OID of a table, view, index or sequence, or NULL."""
    return f"pg_catalog.to_regclass({literal(qualified(*path))})"


def type_(path: Path) -> str:
    """Return the OID of a type, or NULL."""
    return f"pg_catalog.to_regtype({literal(qualified(*path))})"


def schema(name: str) -> str:
    """Return the OID of a schema, or NULL."""
    return f"pg_catalog.to_regnamespace({literal(quoted(name))})"


def role(name: str) -> str:
    """Return the OID of a role as lists of privileges have it: 0 is everybody."""
    if name == "public":
        return "0"
    return f"(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {literal(name)})"


def column(table: Path, name: str) -> str:
    """Return what finds a column in ``pg_attribute``."""
    return f"attrelid = {relation(table)} AND attname = {literal(name)} AND attnum > 0 AND NOT attisdropped"


def constraint(path: Path) -> str:
    """Return what finds a table's constraint in ``pg_constraint``."""
    return f"conrelid = {relation(path[:2])} AND conname = {literal(path[2])}"


def domain_constraint(path: Path) -> str:
    """Return what finds a domain's constraint in ``pg_constraint``."""
    return f"contypid = {type_(path[:2])} AND conname = {literal(path[2])}"


def trigger(path: Path) -> str:
    """Return what finds a trigger in ``pg_trigger``."""
    return f"tgrelid = {relation(path[:2])} AND tgname = {literal(path[2])} AND NOT tgisinternal"


def rule(path: Path) -> str:
    """Return what finds a rule in ``pg_rewrite``."""
    return f"ev_class = {relation(path[:2])} AND rulename = {literal(path[2])}"


def policy(path: Path) -> str:
    """Return what finds a policy in ``pg_policy``."""
    return f"polrelid = {relation(path[:2])} AND polname = {literal(path[2])}"


def routine(path: Path) -> str:
    """Return what finds a function, procedure or aggregate in ``pg_proc``: ``to_regprocedure`` fails where a type is gone."""
    return (
        f"pronamespace = {schema(path[0])} AND proname = {literal(path[1])} "
        f"AND pg_catalog.oidvectortypes(proargtypes) = {literal(path[2])}"
    )


def collation(path: Path) -> str:
    """Return what finds a collation in ``pg_collation``, whatever its encoding."""
    return f"collnamespace = {schema(path[0])} AND collname = {literal(path[1])}"


def statistics(path: Path) -> str:
    """Return what finds extended statistics in ``pg_statistic_ext``."""
    return f"stxnamespace = {schema(path[0])} AND stxname = {literal(path[1])}"


def newer_flag(catalog: str, column: str, wanted: object) -> str:
    """Return the condition on a flag that older servers do not have: the row is read as a document."""
    return f"coalesce(pg_catalog.to_jsonb({catalog}) ->> '{column}', 'false') = '{str(bool(wanted)).lower()}'"


def column_names(table: str, numbers: str) -> str:
    """Return the names of columns by their numbers, in this order, as an array."""
    return (
        f"ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.unnest({numbers}) WITH ORDINALITY AS k (n, o) "
        f"JOIN pg_catalog.pg_attribute AS a ON a.attrelid = {table} AND a.attnum = k.n ORDER BY k.o)"
    )


def same_options(expression: str, options: Sequence[str] | None) -> str:
    """Return the condition that a list of options, NULL if there are none, holds just these."""
    if not options:
        return f"{expression} IS NULL"
    wanted = array(options)
    return f"{expression} @> {wanted} AND {expression} <@ {wanted}"
