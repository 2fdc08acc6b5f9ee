"""What of a column can be changed where it stands: each field as a command of ALTER TABLE."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lockstep.catalog.fact import Fact
from lockstep.catalog.making import guards
from lockstep.catalog.making.sequences import resolved, sequence_options, sequence_values
from lockstep.catalog.making.texts import array, option_pairs, same_text, set_list
from lockstep.sql.objects import literal, quoted

Body = Mapping[str, Any]
NOT_NULL = ("not_null", "not_null_no_inherit")
HANDED_DOWN = re.compile(
    r"NOT NULL|IDENTITY|EXPRESSION|OPTIONS|SET GENERATED|SET (?:INCREMENT|START|MINVALUE|MAXVALUE|CACHE|CYCLE|NO CYCLE)"
)
_STORAGES = {"plain": "p", "external": "e", "main": "m", "extended": "x"}
_KEPT_IN_MAIN = ("numeric", "inet", "cidr")

Change = tuple[str, str, str] | tuple[str, str, str, int]
"""A command of ALTER TABLE, the condition on ``pg_attribute`` under which it is needed, what it loses, and its phase."""


def _generated(fact: Fact, new: Body, old: Body) -> Iterator[Change]:
    column = f"ALTER COLUMN {quoted(fact.path[2])}"
    if "generated" not in new:
        yield f"{column} DROP EXPRESSION", "attgenerated <> ''", ""
    elif "generated" in old:
        yield (
            f"{column} SET EXPRESSION AS ({new['generated']})",
            guards.not_all([generated_as(fact)]),
            "",
        )


def _identity_or_default(fact: Fact, new: Body, old: Body) -> Iterator[Change]:
    """Yield what makes a column's own values: a default goes before an identity comes, and the other way round."""
    column = f"ALTER COLUMN {quoted(fact.path[2])}"
    if "identity" in old and "identity" not in new:
        # At once: the name of its sequence may be wanted for another.
        yield (
            f"{column} DROP IDENTITY",
            "attidentity <> ''",
            "the number that its sequence has reached",
            -1,
        )
    if "default" in old and "default" not in new and "generated" not in old:
        yield f"{column} DROP DEFAULT", "atthasdef AND attgenerated = ''", ""
    if "default" in new and new["default"] != old.get("default"):
        yield (
            f"{column} SET DEFAULT {new['default']}",
            guards.not_all([defaults_to(new["default"])]),
            "",
        )
    if "identity" in new and "identity" not in old:
        if new.get("not_null") is True and not old.get("not_null"):
            yield f"{column} SET NOT NULL", "NOT attnotnull", ""
        yield f"{column} ADD {identity(new)}", "attidentity = ''", ""
    elif "identity" in new:
        yield from _identity_changed(fact, new, old)


def _identity_changed(fact: Fact, new: Body, old: Body) -> Iterator[Change]:
    column = f"ALTER COLUMN {quoted(fact.path[2])}"
    if new["identity"] != old["identity"]:
        letter = "a" if new["identity"] == "always" else "d"
        yield (
            f"{column} SET GENERATED {new['identity'].upper()}",
            f"attidentity NOT IN ('', '{letter}')",
            "",
        )
    if new.get("sequence") != old.get("sequence"):
        values = resolved(new.get("sequence"), new["type"])
        options = " ".join(f"SET {option}" for option in sequence_options(values, complete=True))
        owned = (
            "SELECT d.objid FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
            " AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = attrelid"
            " AND d.refobjsubid = attnum AND d.deptype = 'i'"
        )
        differs = guards.not_all([sequence_values(values)])
        yield (
            f"{column} {options}",
            guards.exists("pg_sequence", f"seqrelid IN ({owned})", differs),
            "",
        )


def identity(body: Body) -> str:
    """Return the clause that makes a column an identity."""
    values = resolved(body.get("sequence"), body["type"])
    options = " ".join(sequence_options(values, complete=False))
    return f"GENERATED {body['identity'].upper()} AS IDENTITY" + (
        f" ({options})" if options else ""
    )


def _not_null(fact: Fact, new: Body, old: Body) -> Iterator[Change]:
    column = quoted(fact.path[2])
    unproven, childless = _proof("NOT convalidated"), _proof("connoinherit")
    heirs = new.get("not_null_no_inherit") == old.get("not_null_no_inherit")
    if new.get("not_null") is True and heirs:
        guard = f"({unproven})" if old.get("not_null") else "NOT attnotnull"
        yield f"ALTER COLUMN {column} SET NOT NULL", guard, ""
        return
    if old.get("not_null") and "identity" not in new:
        guard = "attnotnull"
        if new.get("not_null") == "not valid":
            guard += f" AND NOT ({unproven})"
        elif new.get("not_null"):
            guard += f" AND {'NOT ' if new.get('not_null_no_inherit') else ''}({childless})"
        yield f"ALTER COLUMN {column} DROP NOT NULL", guard, "the proof that no value is NULL"
    if new.get("not_null"):
        unproven_yet = " NOT VALID" if new["not_null"] == "not valid" else ""
        yield f"ADD NOT NULL {column}{no_heirs(new)}{unproven_yet}", "NOT attnotnull", ""


def _proof(condition: str) -> str:
    row = "contype = 'n' AND conrelid = attrelid AND conkey = ARRAY[attnum]"
    return guards.exists("pg_constraint", row, condition)


def no_heirs(body: Body) -> str:
    """Return what keeps a NOT NULL from the children."""
    return " NO INHERIT" if body.get("not_null_no_inherit") else ""


def _storage(fact: Fact, new: Body, old: Body) -> Iterator[Change]:
    wanted = new.get("storage") or _usual_storage(new["type"])
    yield (
        f"ALTER COLUMN {quoted(fact.path[2])} SET STORAGE {wanted.upper()}",
        f"attstorage <> '{_STORAGES[wanted]}'",
        "",
    )


def _usual_storage(type_: str) -> str:
    # Asked only of a column whose storage could be changed: its type has values of varying length.
    return "main" if type_.partition("(")[0] in _KEPT_IN_MAIN else "extended"


def _compression(fact: Fact, new: Body, old: Body) -> Iterator[Change]:
    wanted = new.get("compression", "default")
    letter = "" if wanted == "default" else wanted[0]
    yield (
        f"ALTER COLUMN {quoted(fact.path[2])} SET COMPRESSION {wanted}",
        f"attcompression <> '{letter}'",
        "",
    )


def _statistics(fact: Fact, new: Body, old: Body) -> Iterator[Change]:
    wanted = new.get("statistics", -1)
    yield (
        f"ALTER COLUMN {quoted(fact.path[2])} SET STATISTICS {wanted}",
        f"coalesce(attstattarget, -1) <> {wanted}",
        "",
    )


def _options(fact: Fact, new: Body, old: Body) -> Iterator[Change]:
    column = f"ALTER COLUMN {quoted(fact.path[2])}"
    wanted, found = option_pairs(new.get("options")), option_pairs(old.get("options"))
    if wanted:
        yield (
            f"{column} SET ({set_list(wanted)})",
            f"(attoptions @> {array(new['options'])}) IS NOT TRUE",
            "",
        )
    if gone := [name for name in found if name not in wanted]:
        keys = array(gone)
        held = f"EXISTS (SELECT FROM pg_catalog.unnest(attoptions) AS o (x) WHERE pg_catalog.split_part(o.x, '=', 1) = ANY ({keys}))"
        yield f"{column} RESET ({', '.join(map(quoted, gone))})", held, ""


def _foreign_options(fact: Fact, new: Body, old: Body) -> Iterator[Change]:
    wanted, found = (
        option_pairs(new.get("foreign_options")),
        option_pairs(old.get("foreign_options")),
    )
    changes = foreign_changes(wanted, found)
    guard = guards.not_all([guards.same_options("attfdwoptions", new.get("foreign_options"))])
    yield f"ALTER COLUMN {quoted(fact.path[2])} OPTIONS ({changes})", guard, ""


def foreign_changes(wanted: dict[str, str], found: dict[str, str]) -> str:
    """Return the list of OPTIONS that makes *found* into *wanted*."""
    parts = [f"DROP {quoted(name)}" for name in found if name not in wanted]
    parts += [
        f"{'SET' if name in found else 'ADD'} {quoted(name)} {literal(value)}"
        for name, value in wanted.items()
        if found.get(name) != value
    ]
    return ", ".join(parts)


CHANGES: tuple[tuple[tuple[str, ...], Callable[[Fact, Body, Body], Iterator[Change]]], ...] = (
    (("generated",), _generated),
    (("identity", "default", "sequence"), _identity_or_default),
    (NOT_NULL, _not_null),
    (("storage",), _storage),
    (("compression",), _compression),
    (("statistics",), _statistics),
    (("options",), _options),
    (("foreign_options",), _foreign_options),
)


def generated_as(fact: Fact) -> str:
    """Return the condition, on ``pg_attribute``, that a column is generated as the fact says."""
    body = fact.body
    if "generated" not in body:
        return "attgenerated = ''"
    letter = "v" if body.get("virtual") else "s"
    return _expression(f"attgenerated = '{letter}'", "attrelid", body["generated"])


def defaults_to(expression: str) -> str:
    """Return the condition, on ``pg_attribute``, that a column has this default."""
    return _expression("atthasdef AND attgenerated = ''", "0", expression)


def _expression(held: str, relation: str, text: str) -> str:
    # As a value of its own, not as a join: of a join's tables the planner may show every expression, and wait for every table.
    shown = (
        f"(SELECT pg_catalog.pg_get_expr(d.adbin, {relation}) FROM pg_catalog.pg_attrdef AS d"
        " WHERE d.adrelid = attrelid AND d.adnum = attnum)"
    )
    return f"CASE WHEN {held} THEN {same_text(shown, text)} ELSE false END"
