"""What the texts of a fact refer to.

Every text in a snapshot names its objects with their schemas, so that two names with a dot between them are enough: whether
they stand in an expression, a type, a query or in the string of a ``regclass`` does not matter. A name too many costs nothing but
an order that was not needed. Of a routine's body only SQL counts, and only weakly where it is a string: the server reads
it when it is run, which may be while an index is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from lockstep.catalog.fact import Fact, Path
from lockstep.catalog.making.index import Index
from lockstep.sql.objects import truncated

Name = tuple[str, str]
_PART = r'(?:"(?:[^"]|"")*"|[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)'
_DOTTED = re.compile(rf"'((?:[^']|'')*)'|({_PART}(?:\s*\.\s*{_PART})+)")
_OPERATOR = re.compile(rf"OPERATOR\(({_PART})\.([-+*/<>=~!@#%^&|`?]+)\)")
_ONE = re.compile(_PART)
_WORD = re.compile(r"[A-Za-z_][\w$]*")
_ESCAPE = re.compile(r"\\([\\nr])")
_UNESCAPED = {"\\": "\\", "n": "\n", "r": "\r"}
_SILENT = {
    "commutator",
    "negator",
    "text",
    "labels",
    "language",
    "options",
    "config",
    "initial",
    "body",
    "library",
    "privileges",
}
"""The keys of bodies whose texts name no object."""
_CODE = {"function", "procedure", "aggregate"}


def referred(fact: Fact) -> set[Name]:
    """Return the names that must be there when the fact is made."""
    found: set[Name] = set()
    for key, value in fact.body.items():
        if key not in _SILENT:
            for text in texts_of(value):
                found |= names_in(text)
    if fact.kind in _CODE:
        found |= names_in(fact.path[2])
    return found


def referred_weakly(fact: Fact) -> set[Name]:
    """Return the names in a body that is read when it is run."""
    body = fact.body.get("body")
    if body is None or fact.body.get("language") != "sql":
        return set()
    found = names_in(body)
    # What has no schema is looked for where the routine is, and where its own search_path leads.
    schemas = {fact.path[0], "public"}
    for setting in fact.body.get("config", []):
        if setting.startswith("search_path="):
            schemas |= set(_WORD.findall(setting.partition("=")[2]))
    words = {word.lower() for word in _WORD.findall(body)}
    return found | {(schema, word) for schema in schemas for word in words}


def word_of(name: str) -> str:
    """Return the part of a name that stands in a line whatever its quotes: what JSON and SQL leave alone."""
    return max(re.findall(r"[\w$]+", name), key=len, default="")


def names_in(text: str) -> set[Name]:
    """Return every pair of names with a dot between them."""
    found: set[Name] = set()
    if "." not in text:
        return found
    if "OPERATOR(" in text:
        found |= {(_plain(match[1]), match[2]) for match in _OPERATOR.finditer(text)}
    for match in _DOTTED.finditer(text):
        if match[1] is not None:
            if "." in match[1]:
                found |= names_in(match[1].replace("''", "'"))
            continue
        parts = [_plain(part) for part in _ONE.findall(match[2])]
        for pair in pairwise(parts):
            found.add(pair)
            if "\\" in pair[0] + pair[1]:
                found.add((_unescaped(pair[0]), _unescaped(pair[1])))
    return found


def multirange_of(fact: Fact) -> Name:
    """Return the name of the type that holds several ranges, as the server makes it unless it was told."""
    for name in names_in(fact.body.get("multirange", "")):
        return name
    schema, plain = fact.path
    named = plain.replace("range", "multirange", 1) if "range" in plain else f"{plain}_multirange"
    return schema, truncated(named)


def only_relation(query: str) -> str:
    """Return the name or alias by which a query of one relation knows it; empty if it has more, or none."""
    found = re.findall(rf"\bFROM\s+(?:ONLY\s+)?({_PART}(?:\.{_PART})?)(?:\s+({_PART}))?", query)
    if len(found) != 1:
        return ""
    relation, alias = found[0]
    if alias and alias.upper() not in {
        "WHERE",
        "GROUP",
        "ORDER",
        "LIMIT",
        "HAVING",
        "OFFSET",
        "UNION",
        "WINDOW",
        "FETCH",
        "FOR",
    }:
        return _plain(alias)
    return _plain(_ONE.findall(relation)[-1])


def calls_back(text: str, table: Path, expected: Index) -> bool:
    """True if *text* calls a function that cannot be made before *table* is."""
    seen: set[Name] = set()
    pending = names_in(text)
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for routine in expected.routines.get(name, ()):
            names = referred(routine)
            if tuple(table) in names:
                return True
            pending |= names
    return False


def texts_of(value: Any) -> Iterator[str]:
    """Yield every text in a body, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_of(item)


def _plain(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part.lower()


def _unescaped(name: str) -> str:
    return _ESCAPE.sub(lambda found: _UNESCAPED[found[1]], name)
