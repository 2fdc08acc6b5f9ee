"""One object of a database as one line of text: ``kind name {what it is}``.

``column app.users.email {"not_null": true, "type": "text"}``: a kind, a path of names, and a
JSON object in which what is a default has no key. The name of a routine ends with the types of its input. Names are one line
too: a newline, a carriage return and a backslash in them are written ``\\n``, ``\\r`` and ``\\\\``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from lockstep.values import dataclass

KINDS = (
    "extension", "schema", "collation", "enum", "domain", "domain_constraint", "composite", "range", "sequence", "function",
    "procedure", "aggregate", "operator", "cast", "text_search_dictionary", "text_search_configuration", "foreign_data_wrapper",
    "server", "table", "foreign_table", "column", "constraint", "not_null", "index", "view", "matview", "rule", "trigger", "policy",
    "statistics", "publication", "event_trigger", "default_privilege", "grant", "revocation", "maintain", "comment", "other",
)  # fmt: skip
"""Every kind of fact, in the order in which a lock file lists them: what others stand on first."""

TOLD_SINCE = {"maintain": 17, "not_null": 18}
"""What the same migrations leave behind on newer servers only, and since when: it is no part of the fingerprint.

``maintain``: MAINTAIN for a role that has not all other privileges on a table. ``not_null``: the name that somebody gave to a
NOT NULL, and that a child has it as its own, beside being its parent's.
"""

OWNER = "pg_owner"
"""Who has lost a privilege that an owner has by default, in the path of a revocation: no role can be called so."""

RIGHTS = frozenset({"grant", "revocation", "maintain"})
BESIDE = RIGHTS | {"comment"}
"""Kinds of what is said about an object: they come after it, and go with it."""
ON_TABLES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"})
"""All privileges on a table, but for MAINTAIN, which servers before 17 do not have."""
GRANT_OPTION = " WITH GRANT OPTION"

_NAME = re.compile(r'"((?:[^"]|"")*)"|([^\s."{]+)')
_BARE = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_ESCAPE = re.compile(r"\\([\\nr])")
_ESCAPED = {"\\": "\\", "n": "\n", "r": "\r"}

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One object: its kind, its path of names, and what it is."""

    kind: str
    path: Path
    body: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, Path]:
        """What tells it from all others in the same database."""
        return self.kind, self.path

    def line(self) -> str:
        """Return its line."""
        body = json.dumps(self.body, ensure_ascii=False, sort_keys=True)
        return f"{self.kind} {dotted(self.path)} {body}"


def read_line(line: str) -> Fact:
    """Return the fact of a line; raises ``ValueError`` if it is none."""
    kind, _, rest = line.partition(" ")
    names, position = _names(rest)
    if kind not in KINDS or not names or rest[position : position + 2] != " {":
        raise ValueError(f"not a line of a schema: {line[:80]!r}")
    return Fact(kind, names, json.loads(rest[position + 1 :]))


def dotted(path: Path) -> str:
    """Return *path* as it stands in a line."""
    return ".".join(map(_written, path))


def undotted(text: str) -> Path:
    """Return the path that ``dotted`` wrote; a body refers to other objects in this form."""
    return _names(text)[0]


def _names(text: str) -> tuple[Path, int]:
    names: list[str] = []
    position = 0
    while match := _NAME.match(text, position):
        names.append(_unescaped(match))
        position = match.end()
        if text[position : position + 1] != ".":
            break
        position += 1
    return tuple(names), position


def _written(name: str) -> str:
    if _BARE.match(name):
        return name
    escaped = (
        name.replace('"', '""').replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{escaped}"'


def _unescaped(match: re.Match[str]) -> str:
    name = match[2] if match[1] is None else match[1].replace('""', '"')
    return _ESCAPE.sub(lambda found: _ESCAPED[found[1]], name) if "\\" in name else name
