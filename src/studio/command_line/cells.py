"""How a value is written in a cell of CSV, so that it comes back as it was and no spreadsheet takes it for a formula.

Nothing is an empty cell. A text that begins with what a spreadsheet would act on, and one that is empty, gets an apostrophe
before it; so does one that begins with an apostrophe, which makes the rule one that can be undone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def to_cell(value: object) -> str:
    """Return the cell of a value: of a text itself, of all else its JSON."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if not text or text.startswith(_DANGEROUS) else text


def from_cell(cell: str) -> str | None:
    """Return the text of a cell; None of an empty one. An apostrophe that guards nothing is the text's own."""
    if not cell:
        return None
    rest = cell[1:]
    guards = cell[0] == "'" and (not rest or rest.startswith(_DANGEROUS))
    return rest if guards else cell


def values_of(cells: Mapping[str, str], texts: Collection[str]) -> dict[str, Any]:
    """Return the values of a row's cells; a column that is none of *texts* holds JSON. Raises ``ValueError``."""
    values = {}
    for column, cell in cells.items():
        text = from_cell(cell)
        if text is not None:
            values[column] = text if column in texts else _parsed(column, text)
    return values


def _parsed(column: str, text: str) -> Any:
    try:
        # Spreadsheets write truth in capitals.
        return json.loads(text.lower() if text.lower() in {"true", "false"} else text)
    except (ValueError, RecursionError):
        raise ValueError(f"{column}: {text[:80]!r} is not JSON") from None
