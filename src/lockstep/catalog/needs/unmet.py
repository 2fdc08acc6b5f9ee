"""The refusal when the schema does not meet the needs: the service, the thing, what is there instead, and what makes it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

from lockstep.catalog.needs.missing import Around
from lockstep.catalog.needs.names import Name, shown
from lockstep.catalog.needs.requirements import Requirement
from lockstep.catalog.needs.verdicts import Missing
from lockstep.errors import NeedsUnmet, Problem
from lockstep.postgres.databases import quoted

_NEAR = 0.7
_GRANTS = {"schema", "denied"}
_ON = {"schema": "SCHEMA ", "sequence": "SEQUENCE ", "function": "FUNCTION "}
_WRONG = {
    "nullable": "to be NOT NULL",
    "not validated": "to be NOT NULL; its constraint is NOT VALID",
    "not null": "to take NULL; it is NOT NULL",
}


def needs_unmet(missing: Sequence[Missing], around: Around, folder: Path) -> NeedsUnmet:
    """Return the refusal for what is missing; *folder* is searched for the migrations that should have made it."""
    from lockstep.catalog.needs.makers import find_makers

    told = _merged([_hidden(item, around) for item in missing])
    wanted = [item.needed for item in told if item.why not in _GRANTS]
    makers = find_makers(folder, wanted, around.path) if wanted else {}
    services = list(dict.fromkeys(item.needed.service for item in missing))
    problems = [
        Problem(
            f"service {item.needed.service!r} needs {_wanted(item, around)}",
            None,
            _remedy(item, around, makers),
        )
        for item in told
    ]
    what = f"the schema does not meet the needs of {', '.join(services)}"
    if not wanted:
        return NeedsUnmet(
            what,
            problems=problems,
            why="What is needed is there, but the role that the services' pool uses (DATABASE_URL) may not use it.",
            next_step="Grant what is listed, then start again.",
        )
    return NeedsUnmet(
        what,
        problems=problems,
        why="The ledger says that all migrations are applied, yet the schema lacks what they should have made: "
        "it was changed by hand, or a migration is missing.",
        next_step="Write a migration that adds what is missing, or restore it by hand, then start again.",
    )


def _hidden(item: Missing, around: Around) -> Missing:
    """Return *item* as what it is for a role that may not look into the schema: not missing, but out of reach."""
    one = item.needed
    if one.kind != "table" or item.why != "missing" or one.schema:
        return item
    for schema, name, usable in around.tables:
        if name == one.name and not usable:
            return Missing(one, "schema", schema)
    return item


def _merged(missing: Sequence[Missing]) -> list[Missing]:
    """Tell once of a table that its schema and the table itself must be granted."""
    schemas = {
        (item.needed.service, item.needed.declared): item.found
        for item in missing
        if item.why == "schema"
    }
    told = []
    for item in missing:
        one = item.needed
        key = (one.service, one.declared)
        if item.why == "denied" and one.object == "table" and key in schemas:
            continue
        if one.kind not in {"table", "privilege"} and key in schemas:
            continue
        told.append(item)
    return told


def _wanted(item: Missing, around: Around) -> str:
    one = item.needed
    if item.why in _GRANTS:
        if one.privilege in {"", "select"} and one.object in {"", "table"}:
            return f"table {one.declared} to be readable by role {around.role!r}"
        return f"{one} to allow {one.privilege} to role {around.role!r}"
    if item.why == "type":
        types = " or ".join(type_.text for type_ in one.types)
        return f"{one} to be {types}; it is {item.found}"
    if item.why == "not validated" and one.kind == "foreign key":
        return f"{one}; {shown(item.found)} is NOT VALID, or not enforced"
    if item.why in _WRONG:
        return f"{one} {_WRONG[item.why]}"
    if item.why == "version":
        return f"{one}; it is {item.found}"
    if item.why in {"invalid", "partial"}:
        state = "INVALID" if item.why == "invalid" else "partial"
        return f"{one}; {shown(item.found)} is {state}"
    return str(one)


def _remedy(item: Missing, around: Around, makers: Mapping[Requirement, str]) -> str:
    one = item.needed
    if item.why in _GRANTS:
        return _grant(item, around.role)
    if item.why == "invalid":
        return f"A concurrent build failed: DROP INDEX {shown(item.found)}, then build it again in a migration."
    if item.why == "partial":
        return "Build one without WHERE, or say partial=True if it serves."
    if item.why == "type":
        return "Change it in a migration, or declare this type too if the service can do with it."
    if item.why == "version":
        return f"ALTER EXTENSION {shown(one.name)} UPDATE;"
    if item.why == "not validated":
        return "VALIDATE CONSTRAINT in a migration; the rows that keep it from that must be corrected first."
    if item.why != "missing":
        return "Change it in a migration, or declare what the service can do with."
    file = makers.get(one)
    if file and one.kind != "privilege":
        return f"{file} should have made it"
    nearest = _nearest(one, around)
    return "no migration makes it" + (f"; {nearest}" if nearest else "")


def _grant(item: Missing, role: str) -> str:
    one = item.needed
    to = quoted(role)
    usage = f"GRANT USAGE ON SCHEMA {quoted(item.found)} TO {to}; " if item.why == "schema" else ""
    privilege = (one.privilege or "select").upper()
    name = one.declared.partition(" ")[2] if one.object in _ON else one.declared
    return f"{usage}GRANT {privilege} ON {_ON.get(one.object, '')}{name} TO {to};"


def _nearest(one: Requirement, around: Around) -> str:
    """Say what there is that may be meant."""
    if one.kind == "column":
        names = [name for name, _ in _of_table(one, around, around.columns)]
        return _did_you_mean(one.column, names)
    if one.kind == "index":
        listed = [
            f"{shown(name)} is {_article(detail)}"
            for name, detail in _of_table(one, around, around.indexes)
        ]
        return "there are others: " + ", ".join(listed[:5]) if listed else ""
    if one.kind == "function" or one.object == "function":
        return _nearest_function(one, around)
    if one.kind == "extension":
        version = around.extensions.get(one.name)
        if version is not None:
            return (
                f"the server has it ({version}): CREATE EXTENSION IF NOT EXISTS {shown(one.name)}"
            )
        return _did_you_mean(one.name, list(around.extensions)) or "the server has none"
    if one.kind == "table" or one.object == "table":
        return _nearest_table(one, around)
    return ""


def _nearest_table(one: Requirement, around: Around) -> str:
    elsewhere = [shown(schema, name) for schema, name, _ in around.tables if name == one.name]
    if elsewhere:
        return f"there is {', '.join(elsewhere)}"
    schemas = {one.schema} if one.schema else set(around.path)
    return _did_you_mean(one.name, [name for schema, name, _ in around.tables if schema in schemas])


def _nearest_function(one: Requirement, around: Around) -> str:
    same = [
        f"{shown(schema, name)}({arguments})"
        for schema, name, arguments in around.functions
        if name == one.name
    ]
    if same:
        return f"there is {', '.join(same[:5])}"
    return _did_you_mean(one.name, [name for _, name, _ in around.functions])


def _of_table(
    one: Requirement, around: Around, known: Mapping[Name, tuple[tuple[str, str], ...]]
) -> tuple[tuple[str, str], ...]:
    for schema in (one.schema,) if one.schema else around.path:
        if (found := known.get(Name(schema, one.name))) is not None:
            return found
    return ()


def _did_you_mean(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, dict.fromkeys(names), n=1, cutoff=_NEAR)
    return f"did you mean {shown(near[0])}?" if near else ""


def _article(detail: str) -> str:
    return f"{'an' if detail[:1].lower() in 'aei' else 'a'} {detail}"
