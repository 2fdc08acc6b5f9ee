"""Make texts equal that say the same: what one server writes otherwise than another, or than itself after a dump and a restore.

Two of the server's texts are known to differ without a difference in the schema; both are brought to the form that stays what
it is when it is run and read again:

- ``varchar_column IN ('a', 'b')`` is written ``(ARRAY['a'::character varying, ...])::text[]`` where it was made, and
  ``ARRAY[('a'::character varying)::text, ...]`` where that text was run.
- A view of one table has its columns with the table's name in front before PostgreSQL 16, without it from 16 on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lockstep.catalog.fact import Fact, read_line

_CAST_ARRAY = re.compile(r"\(ARRAY\[((?:'(?:[^']|'')*'::character varying(?:, )?)+)\]\)::text\[\]")
_ELEMENT = re.compile(r"'(?:[^']|'')*'::character varying")


def canonical(lines: Iterable[str], major: int) -> Iterator[str]:
    """Return *lines* of a server of version *major* in their canonical form."""
    for line in lines:
        if "::character varying" in line and "(ARRAY[" in line:
            line = _each_text(line, fold_cast_array)
        yield line


def fold_cast_array(text: str) -> str:
    """Cast each element of an array of ``varchar``, not the array."""
    return _CAST_ARRAY.sub(
        lambda array: "ARRAY[" + _ELEMENT.sub(r"(\g<0>)::text", array[1]) + "]", text
    )


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
