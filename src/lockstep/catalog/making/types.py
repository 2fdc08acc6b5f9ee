"""Enums, domains, composites and ranges.

A type that cannot be changed in place is replaced: the old one gets another name, the new one is made, the columns go over, and
the old one is dropped. Each of these steps knows whether it was done, so that it does not matter where the work was broken off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, Path, dotted, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.references import multirange_of, names_in, referred, word_of
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.texts import array, name_of, same_text
from lockstep.sql.objects import literal, qualified, quoted, truncated

_REPLACED = "values that the new type does not have, and what is built on the type"
_LETTERS = {"enum": "e", "domain": "d", "composite": "c", "range": "r"}
_COLUMNS = ("column", "composite", "domain")


def create_type(fact: Fact, expected: Index) -> list[Step]:
    """Make a type."""
    return [Step(fact, _DEFINITIONS[fact.kind](fact), f"{guards.type_(fact.path)} IS NULL")]


def _enum(fact: Fact) -> str:
    return f"CREATE TYPE {qualified(*fact.path)} AS ENUM ({', '.join(map(literal, fact.body['labels']))})"


def _domain(fact: Fact) -> str:
    body = fact.body
    parts = [f"CREATE DOMAIN {qualified(*fact.path)} AS {body['type']}"]
    if "collation" in body:
        parts.append(f"COLLATE {name_of(body['collation'])}")
    if "default" in body:
        parts.append(f"DEFAULT {body['default']}")
    if body.get("not_null"):
        parts.append("NOT NULL")
    return " ".join(parts)


def _composite(fact: Fact) -> str:
    attributes = ", ".join(map(_attribute, fact.body["attributes"]))
    return f"CREATE TYPE {qualified(*fact.path)} AS ({attributes})"


def _attribute(attribute: dict[str, Any]) -> str:
    collation = f" COLLATE {name_of(attribute['collation'])}" if "collation" in attribute else ""
    return f"{quoted(attribute['name'])} {attribute['type']}{collation}"


def _range(fact: Fact) -> str:
    body = fact.body
    options = {
        "subtype": body["subtype"],
        "subtype_opclass": _named(body, "operator_class"),
        "collation": _named(body, "collation"),
        "canonical": _named(body, "canonical"),
        "subtype_diff": _named(body, "subtype_diff"),
        "multirange_type_name": body.get("multirange"),
    }
    told = ", ".join(f"{name} = {value}" for name, value in options.items() if value)
    return f"CREATE TYPE {qualified(*fact.path)} AS RANGE ({told})"


def _named(body: Any, key: str) -> str | None:
    return name_of(body[key]) if key in body else None


_DEFINITIONS = {"enum": _enum, "domain": _domain, "composite": _composite, "range": _range}


def same_type(fact: Fact) -> str:
    """Return the condition, on ``pg_type``, that a type is what the fact says."""
    body = fact.body
    if fact.kind == "enum":
        labels = "ARRAY(SELECT e.enumlabel::pg_catalog.text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = pg_type.oid ORDER BY e.enumsortorder)"
        return f"{labels} = {array(body['labels'])}"
    if fact.kind == "domain":
        return f"typtype = 'd' AND pg_catalog.format_type(typbasetype, typtypmod) = {literal(body['type'])}"
    if fact.kind == "range":
        subtype = f"g.rngsubtype = pg_catalog.to_regtype({literal(body['subtype'])})"
        found = [subtype, *_range_functions(body), _multirange(fact)]
        return f"EXISTS (SELECT FROM pg_catalog.pg_range AS g WHERE g.rngtypid = pg_type.oid AND {' AND '.join(found)})"
    attributes = (
        "ARRAY(SELECT a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute AS a "
        "WHERE a.attrelid = typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)"
    )
    wanted = [f"{attribute['name']} {attribute['type']}" for attribute in body["attributes"]]
    return f"{attributes} = {array(wanted)}"


def _range_functions(body: Any) -> Iterator[str]:
    for key, attribute in (("canonical", "rngcanonical"), ("subtype_diff", "rngsubdiff")):
        if key not in body:
            yield f"g.{attribute} = 0"
            continue
        schema, name = undotted(body[key])
        yield (
            f"EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.oid = g.{attribute} AND p.proname = {literal(name)}"
            f" AND p.pronamespace = {guards.schema(schema)})"
        )
    named = "o.opcdefault"
    if "operator_class" in body:
        schema, name = undotted(body["operator_class"])
        named = f"o.opcname = {literal(name)} AND o.opcnamespace = {guards.schema(schema)}"
    yield f"EXISTS (SELECT FROM pg_catalog.pg_opclass AS o WHERE o.oid = g.rngsubopc AND {named})"


def _multirange(fact: Fact) -> str:
    # Servers before 14 have none: the row is read as a document.
    held = "(pg_catalog.to_jsonb(g) ->> 'rngmultitypid')"
    return f"({held} IS NULL OR {held}::pg_catalog.oid IS NOT DISTINCT FROM {guards.type_(multirange_of(fact))}::pg_catalog.oid)"


def change_type(difference: Difference, expected: Index, live: Index) -> list[Step] | Unchangeable:
    """Change a type in place, or replace it."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    if wanted.kind == "enum" and _grows(found.body["labels"], wanted.body["labels"]):
        return list(_labels(wanted, found, expected, live))
    if (
        wanted.kind == "composite"
        and (steps := _attributes(wanted, found, _handed_on(wanted, live))) is not None
    ):
        return steps
    if wanted.kind == "domain" and not {"type", "collation"} & set(difference.fields):
        return list(_domain_changes(wanted, difference))
    return list((_through_text if wanted.kind == "range" else _replaced)(wanted, expected, live))


def _grows(old: Sequence[str], new: Sequence[str]) -> bool:
    """True if *new* is *old* with more between."""
    return [label for label in new if label in set(old)] == list(old)


def _labels(wanted: Fact, found: Fact, expected: Index, live: Index) -> Iterator[Step]:
    labels: list[str] = wanted.body["labels"]
    known = set(found.body["labels"])
    for place, label in enumerate(labels):
        if label in known:
            continue
        beside = _beside(labels, place, known)
        known.add(label)
        row = f"enumtypid = {guards.type_(wanted.path)} AND enumlabel = {literal(label)}"
        guard = guards.both(
            f"{guards.type_(wanted.path)} IS NOT NULL", guards.missing("pg_enum", row)
        )
        action = (
            f"ALTER TYPE {qualified(*wanted.path)} ADD VALUE IF NOT EXISTS {literal(label)}{beside}"
        )
        yield Step(
            wanted, action, guard, transactional=not _used(wanted.path, label, expected, live)
        )


def _beside(labels: list[str], place: int, known: set[str]) -> str:
    if place and labels[place - 1] in known:
        return f" AFTER {literal(labels[place - 1])}"
    following = next((label for label in labels[place:] if label in known), None)
    return f" BEFORE {literal(following)}" if following is not None else ""


def _used(path: Path, label: str, expected: Index, live: Index) -> bool:
    """True if something that differs has the new label in a text: it can be used only after a commit."""
    there = set(live.lines)
    written = json.dumps(f"{literal(label)}::", ensure_ascii=False)[1:-1]
    return any(
        path in referred(fact) and fact.line() not in there for fact in expected.mentioning(written)
    )


def _handed_on(composite: Fact, live: Index) -> str:
    """Return what has tables of the type follow it, if there are any."""
    name = qualified(*composite.path)
    tables = (fact for fact in live.mentioning('"of_type": ') if fact.kind == "table")
    return " CASCADE" if any(table.body.get("of_type") == name for table in tables) else ""


def _attributes(wanted: Fact, found: Fact, handed_on: str) -> list[Step] | None:
    """Return the steps that change attributes where they stand; None if their order changes."""
    new = {attribute["name"]: attribute for attribute in wanted.body["attributes"]}
    old = {attribute["name"]: attribute for attribute in found.body["attributes"]}
    kept = [name for name in old if name in new]
    if list(new)[: len(kept)] != kept:
        return None
    steps = []
    for name in old:
        if name not in new:
            held = guards.exists("pg_attribute", _of_composite(wanted.path, name))
            steps.append(
                _alter(
                    wanted,
                    f"DROP ATTRIBUTE {quoted(name)}{handed_on}",
                    held,
                    "the values of the attribute",
                )
            )
    for name, attribute in new.items():
        if name not in old:
            missing = guards.missing("pg_attribute", _of_composite(wanted.path, name))
            held = guards.both(f"{guards.type_(wanted.path)} IS NOT NULL", missing)
            added = f"ADD ATTRIBUTE {_attribute(attribute)}{handed_on}"
            steps.append(_alter(wanted, added, held, ""))
        elif attribute != old[name]:
            steps.append(_retyped(wanted, attribute, old[name]["type"], handed_on))
    return steps


def _retyped(wanted: Fact, attribute: dict[str, Any], before: str, handed_on: str) -> Step:
    name, type_ = attribute["name"], attribute["type"]
    collation = f" COLLATE {name_of(attribute['collation'])}" if "collation" in attribute else ""
    other = f"pg_catalog.format_type(atttypid, atttypmod) <> {literal(type_)}"
    if type_ == before:
        collated = guards.collation(undotted(attribute.get("collation", "pg_catalog.default")))
        other = guards.missing("pg_collation", f"oid = attcollation AND {collated}")
    held = guards.exists("pg_attribute", _of_composite(wanted.path, name), other)
    action = f"ALTER ATTRIBUTE {quoted(name)} SET DATA TYPE {type_}{collation}{handed_on}"
    return _alter(wanted, action, held, f"values of type {before} that {type_} cannot hold")


def _of_composite(path: Path, name: str) -> str:
    relation = guards.relation(path)
    return (
        f"attrelid = {relation} AND attname = {literal(name)} AND attnum > 0 AND NOT attisdropped"
    )


def _alter(wanted: Fact, command: str, guard: str, loses: str) -> Step:
    return Step(wanted, f"ALTER TYPE {qualified(*wanted.path)} {command}", guard, loses=loses)


def _domain_changes(wanted: Fact, difference: Difference) -> Iterator[Step]:
    name, row = qualified(*wanted.path), f"oid = {guards.type_(wanted.path)}"
    if "default" in difference.fields:
        if "default" in wanted.body:
            default = wanted.body["default"]
            held = guards.not_all(
                [
                    "typdefaultbin IS NOT NULL",
                    same_text("pg_catalog.pg_get_expr(typdefaultbin, 0)", default),
                ]
            )
            yield Step(
                wanted,
                f"ALTER DOMAIN {name} SET DEFAULT {default}",
                guards.exists("pg_type", row, held),
            )
        else:
            guard = guards.exists("pg_type", row, "typdefaultbin IS NOT NULL")
            yield Step(wanted, f"ALTER DOMAIN {name} DROP DEFAULT", guard)
    if "not_null" in difference.fields:
        if wanted.body.get("not_null"):
            yield Step(
                wanted,
                f"ALTER DOMAIN {name} SET NOT NULL",
                guards.exists("pg_type", row, "NOT typnotnull"),
            )
        else:
            guard = guards.exists("pg_type", row, "typnotnull")
            yield Step(
                wanted,
                f"ALTER DOMAIN {name} DROP NOT NULL",
                guard,
                loses="the proof that no value is NULL",
            )


def _replaced(wanted: Fact, expected: Index, live: Index) -> Iterator[Step]:
    old = (wanted.path[0], truncated(f"lockstep_old_{wanted.path[1]}"))
    gone = f"{guards.type_(old)} IS NULL"
    other = guards.exists(
        "pg_type", f"oid = {guards.type_(wanted.path)}", guards.not_all([same_type(wanted)])
    )
    yield Step(
        wanted,
        f"ALTER TYPE {qualified(*wanted.path)} RENAME TO {quoted(old[1])}",
        guards.both(other, gone),
        loses=_REPLACED,
    )
    # The name that the server gives a NOT NULL is free only when the old domain is gone.
    fresh = Fact(wanted.kind, wanted.path, {**wanted.body, "not_null": False})
    yield from create_type(fresh if wanted.kind == "domain" else wanted, expected)
    if wanted.kind == "domain":
        for constraint in expected.children(wanted.path, "domain_constraint"):
            from lockstep.catalog.making.constraints import create_domain_constraint

            yield from create_domain_constraint(constraint, expected)
    for column in columns_of(wanted.path, live):
        yield _moved(column, wanted, old, expected)
    guard = f"{guards.type_(old)} IS NOT NULL"
    yield Step(wanted, f"DROP TYPE {qualified(*old)}", guard, loses=_REPLACED)
    if wanted.kind == "domain" and wanted.body.get("not_null"):
        yield from _domain_changes(wanted, Difference(wanted, fresh))


def _through_text(wanted: Fact, expected: Index, live: Index) -> Iterator[Step]:
    """Yield the steps that keep a range's values as texts meanwhile: the functions that come with a range keep their names."""
    columns = list(columns_of(wanted.path, live))
    differs = guards.not_all([same_type(wanted)])
    for column in columns:
        yield _kept(column, wanted, differs)
    guard = guards.exists("pg_type", f"oid = {guards.type_(wanted.path)}", differs)
    yield Step(wanted, f"DROP TYPE {qualified(*wanted.path)}", guard, loses=_REPLACED)
    yield from create_type(wanted, expected)
    for column in columns:
        yield _moved(column, wanted, None, expected)


def _kept(column: Fact, wanted: Fact, differs: str) -> Step:
    name, array_ = quoted(column.path[2]), _array_of(column)
    parts = [f"ALTER COLUMN {name} DROP DEFAULT"] if "default" in column.body else []
    parts.append(
        f"ALTER COLUMN {name} TYPE pg_catalog.text{array_} USING {name}::pg_catalog.text{array_}"
    )
    held = f"pg_catalog.format_type(atttypid, NULL) = {literal(column.body['type'])}"
    guard = guards.both(
        guards.exists("pg_attribute", guards.column(column.path[:2], column.path[2]), held),
        guards.exists("pg_type", f"oid = {guards.type_(wanted.path)}", differs),
    )
    return Step(
        wanted,
        f"ALTER TABLE {qualified(*column.path[:2])} {', '.join(parts)}",
        guard,
        loses=_REPLACED,
    )


def _array_of(column: Fact) -> str:
    return "[]" if column.body["type"].endswith("[]") else ""


def columns_of(path: Path, live: Index) -> Iterator[Fact]:
    """Yield the columns that hold values of a type, or arrays of them, but for those that come from a parent."""
    for fact in live.mentioning(word_of(path[1])):
        if (
            fact.kind == "column"
            and not fact.body.get("inherited")
            and names_in(fact.body["type"]) == {path}
        ):
            yield fact


def _moved(column: Fact, wanted: Fact, old: Path | None, expected: Index) -> Step:
    array_ = _array_of(column)
    name, type_ = quoted(column.path[2]), qualified(*wanted.path) + array_
    parts = [f"ALTER COLUMN {name} DROP DEFAULT"] if "default" in column.body else []
    parts.append(f"ALTER COLUMN {name} TYPE {type_} USING {name}::pg_catalog.text{array_}::{type_}")
    should = expected.get("column", column.path)
    if (
        should is not None
        and "default" in should.body
        and should.body["type"] == column.body["type"]
    ):
        parts.append(f"ALTER COLUMN {name} SET DEFAULT {should.body['default']}")
    found = qualified(*old) if old else "text"
    held = f"pg_catalog.format_type(atttypid, NULL) = {literal(found + array_)}"
    guard = guards.exists("pg_attribute", guards.column(column.path[:2], column.path[2]), held)
    return Step(
        wanted,
        f"ALTER TABLE {qualified(*column.path[:2])} {', '.join(parts)}",
        guard,
        loses=_REPLACED,
    )


def drop_type(fact: Fact) -> list[Step]:
    """Drop a type."""
    word = "DOMAIN" if fact.kind == "domain" else "TYPE"
    # Another kind of type, or a table, may have the name by then.
    row = f"oid = {guards.type_(fact.path)} AND typtype = '{_LETTERS[fact.kind]}'"
    bare = guards.missing("pg_class AS c", "c.oid = typrelid", "c.relkind <> 'c'")
    guard = guards.exists("pg_type", row, bare)
    return [
        Step(
            fact,
            f"DROP {word} {qualified(*fact.path)}",
            guard,
            loses=f"the type {dotted(fact.path)}",
        )
    ]
