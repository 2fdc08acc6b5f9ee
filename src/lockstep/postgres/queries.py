"""SQL lives in ``.sql`` files: each statement under a name and a line that says what it is for.

::

    -- name: try_lock
    -- Take the boot lock if nobody holds it.
    SELECT pg_catalog.pg_try_advisory_lock(%(key)s)

A file is read once, when the module that uses it is imported; a name that appears twice fails there and then.
"""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


def load_queries(file: Path) -> dict[str, str]:
    """Return the statements of *file* by name, without their comment lines.

    Raises ``ValueError`` if a name appears twice or a statement lacks its line of purpose.
    """
    return parse_queries(file.read_text(encoding="utf-8"), source=file.name)


def parse_queries(text: str, *, source: str) -> dict[str, str]:
    """Split *text* at its ``-- name:`` lines; *source* is named in errors."""
    pieces = _NAME.split(text)
    queries: dict[str, str] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if name in queries:
            raise ValueError(f"{source}: the query {name!r} appears twice")
        lines = body.strip().splitlines()
        if not lines or not lines[0].startswith("-- "):
            raise ValueError(f"{source}: the query {name!r} does not say what it is for")
        sql = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
        queries[name] = sql.removesuffix(";")
    return queries
