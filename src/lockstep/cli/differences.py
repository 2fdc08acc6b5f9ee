"""Differences between two schemas as people and programs read them: a diff, sentences, a tree, JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import BESIDE, dotted, undotted
from lockstep.catalog.wording import text_of
from lockstep.cli.colour import Palette

_MARKS = {"missing": "-", "differs": "~", "extra": "+"}
_DATABASE = "(database)"
_PARTS = {"column", "constraint", "trigger", "policy", "rule"}


def as_json(difference: Difference) -> dict[str, Any]:
    """Return a difference as JSON-ready values; the keys are part of the public contract."""
    fact = difference.fact
    expected, live = difference.expected, difference.live
    fields = {
        field: {
            "expected": expected.body.get(field) if expected else None,
            "found": live.body.get(field) if live else None,
        }
        for field in difference.fields
    }
    return {
        "kind": fact.kind,
        "name": dotted(fact.path),
        "what": difference.what,
        "fields": fields,
        "expected": expected.line() if expected else None,
        "found": live.line() if live else None,
    }


def diff_lines(differences: Iterable[Difference], palette: Palette) -> Iterator[str]:
    """Yield the lines that differ as a diff has them: what was expected with a minus, what was found with a plus."""
    for each in differences:
        if each.expected is not None:
            yield palette.red(f"- {each.expected.line()}")
        if each.live is not None:
            yield palette.green(f"+ {each.live.line()}")


def tree_lines(differences: Iterable[Difference], palette: Palette) -> Iterator[str]:
    """Yield the differences under their schemas and tables."""
    paint = {"missing": palette.red, "differs": palette.yellow, "extra": palette.dim}
    groups: dict[tuple[str, str], list[Difference]] = {}
    for each in differences:
        groups.setdefault(_home(each), []).append(each)
    above = ""
    for (schema, table), found in sorted(groups.items()):
        if schema != above:
            yield schema
            above = schema
        if table:
            yield f"  {table}"
        for each in found:
            indent = "    " if table else "  "
            yield indent + paint[each.what](f"{_MARKS[each.what]} {_shown(each)}")
            for field in each.fields:
                yield f"{indent}    {field}: {_change(each, field)}"


def _home(difference: Difference) -> tuple[str, str]:
    """Return the schema and the table that an object is shown under; no table for what has none."""
    fact = difference.fact
    path = fact.path[1:] if fact.kind in BESIDE else fact.path
    table = fact.body.get("table")
    if isinstance(table, str):
        path = undotted(table)
    elif fact.kind in {"table", "foreign_table", "view", "matview"} or (
        fact.kind in BESIDE and len(path) > 2
    ):
        path = path[:2]
    elif fact.kind not in _PARTS:
        return (dotted(path[:1]) if len(path) > 1 else _DATABASE), ""
    return (dotted(path[:1]), dotted(path[1:2])) if len(path) > 1 else (_DATABASE, "")


def _shown(difference: Difference) -> str:
    fact = difference.fact
    name = fact.path[-1:] if fact.kind in _PARTS else fact.path
    text = f"{fact.kind} {dotted(name)}"
    return f"{text} {text_of(fact.body)}" if difference.what == "missing" else text


def _change(difference: Difference, field: str) -> str:
    assert difference.expected is not None
    assert difference.live is not None
    found, wanted = (fact.body.get(field) for fact in (difference.live, difference.expected))
    return f"{_value(found)}, expected {_value(wanted)}"


def _value(value: object) -> str:
    return "not set" if value is None else text_of(value)
