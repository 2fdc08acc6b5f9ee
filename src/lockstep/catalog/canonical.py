"""Make texts equal that say the same: what one server writes otherwise than another, or than itself after a dump and a restore.

Two of the server's texts are known to differ without a difference in the schema; both are brought to the form that stays what
it is when it is run and read again:

- ``varchar_column IN ('a', 'b')`` is written ``(ARRAY['a'::character varying, ...])::text[]`` where it was made, and
  ``ARRAY[('a'::character varying)::text, ...]`` where that text was run; so is an array of numbers that is cast.
- A view of one table has its columns with the table's name in front before PostgreSQL 16, without it from 16 on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lockstep.catalog.fact import Fact, read_line

_ELEMENT = re.compile(r"'(?:[^']|'')*'::character varying|\d+(?:\.\d+)?")
_CAST_ARRAY = re.compile(
    rf"\(ARRAY\[((?:{_ELEMENT.pattern})(?:, (?:{_ELEMENT.pattern}))*)\]\)::([a-z ]+)\[\]"
)
_QUALIFIER = re.compile(rb'(?:"(?:[^"]|"")*"|[^\s."(]+)\.')
_UNQUALIFIED_SINCE = 16


def canonical(text: str, major: int) -> list[str]:
    """Return the lines of *text*, which a server of version *major* wrote, in their canonical form."""
    lines = text.split("\n") if text else []
    if "(ARRAY[" in text:
        lines = [_folded(line) for line in lines]
    if major < _UNQUALIFIED_SINCE:
        lines = [_of_one_relation(line) for line in lines]
    return lines


def fold_cast_array(text: str) -> str:
    """Cast each element of an array, not the array."""
    return _CAST_ARRAY.sub(
        lambda array: "ARRAY[" + _ELEMENT.sub(rf"(\g<0>)::{array[2]}", array[1]) + "]", text
    )


def drop_qualifiers(text: str) -> str:
    """Take the relation's name from the columns of a SELECT that reads one relation. What is nested keeps it, on all servers."""
    from lockstep.sql.parser import NotParsed, parse  # only old servers need it

    try:
        (statement,) = parse(text)
    except (NotParsed, ValueError):
        return text
    sources = statement.tree.get("fromClause", [])
    if len(sources) != 1 or "JoinExpr" in sources[0]:
        return text
    raw = statement.text.encode()
    before = len(text[: statement.offset].encode())
    kept, end = [], 0
    for place in sorted(_qualified(statement.tree)):
        found = _QUALIFIER.match(raw, place - before)
        if found:
            kept.append(raw[end : found.start()])
            end = found.end()
    rest = text[statement.offset + len(statement.text) :]
    return text[: statement.offset] + b"".join([*kept, raw[end:]]).decode() + rest


def _qualified(node: Any) -> Iterator[int]:
    """Yield where the columns of the form ``relation.column`` stand, but for those of nested queries."""
    if isinstance(node, list):
        for item in node:
            yield from _qualified(item)
    elif isinstance(node, dict):
        reference = node.get("ColumnRef")
        if reference is not None:
            fields = reference["fields"]
            if len(fields) == len("ab") and "String" in fields[1]:
                yield reference.get("location", 0)
            return
        for name, child in node.items():
            if name not in ("SelectStmt", "fromClause", "withClause"):
                yield from _qualified(child)


def _folded(line: str) -> str:
    if "(ARRAY[" not in line:
        return line
    return _each_text(line, fold_cast_array)


def _of_one_relation(line: str) -> str:
    if not line.startswith(("view ", "matview ")):
        return line
    fact = read_line(line)
    body = {**fact.body, "definition": drop_qualifiers(fact.body["definition"])}
    return Fact(fact.kind, fact.path, body).line()


def _each_text(line: str, change: Callable[[str], str]) -> str:
    fact = read_line(line)
    return Fact(fact.kind, fact.path, _changed(fact.body, change)).line()


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _changed(item, change) for name, item in value.items()}
    return value
