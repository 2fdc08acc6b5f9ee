"""Types as people write them, made the one text that PostgreSQL shows: ``varchar(20)``, ``int``, ``timestamptz(3)[]``.

Pure, because every boot does it. What is no built-in type keeps its name, and the server finds it: an enum, a domain, a type of
an extension.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from lockstep.catalog.needs.names import read_leading_name

_ARRAY = re.compile(r"(?:\s*\[\s*\d*\s*\]|\s+array(?:\s*\[\s*\d+\s*\])?)+\s*$", re.IGNORECASE)
_MODIFIERS = re.compile(r"\(([^()]*)\)")
_TEXT = "character varying"
_WORDS = {
    "int": "integer",
    "int4": "integer",
    "integer": "integer",
    "serial": "integer",
    "serial4": "integer",
    "int2": "smallint",
    "smallint": "smallint",
    "smallserial": "smallint",
    "serial2": "smallint",
    "int8": "bigint",
    "bigint": "bigint",
    "bigserial": "bigint",
    "serial8": "bigint",
    "float4": "real",
    "real": "real",
    "float8": "double precision",
    "float": "float",
    "double precision": "double precision",
    "bool": "boolean",
    "boolean": "boolean",
    "numeric": "numeric",
    "decimal": "numeric",
    "dec": "numeric",
    "varchar": _TEXT,
    _TEXT: _TEXT,
    "char varying": _TEXT,
    "nchar varying": _TEXT,
    "national char varying": _TEXT,
    "national character varying": _TEXT,
    "char": "character",
    "character": "character",
    "nchar": "character",
    "national char": "character",
    "national character": "character",
    "bpchar": "bpchar",
    "bit": "bit",
    "varbit": "bit varying",
    "bit varying": "bit varying",
    "timestamp": "timestamp without time zone",
    "timestamp without time zone": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timestamp with time zone": "timestamp with time zone",
    "time": "time without time zone",
    "time without time zone": "time without time zone",
    "timetz": "time with time zone",
    "time with time zone": "time with time zone",
}
_NAMES = """
text uuid json jsonb jsonpath bytea date inet cidr macaddr macaddr8 money name oid xml point line lseg box path polygon
circle tsvector tsquery gtsvector int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange
nummultirange tsmultirange tstzmultirange datemultirange pg_lsn txid_snapshot pg_snapshot regclass regcollation regconfig
regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype tid xid xid8 cid refcursor aclitem
int2vector oidvector record void trigger event_trigger cstring anyelement anyarray anynonarray anyenum anyrange
anymultirange anycompatible anycompatiblearray anycompatiblenonarray anycompatiblerange internal
"""
_PLAIN = frozenset(_NAMES.split())
_INTERNAL = {
    **{
        n: _WORDS[n]
        for n in ("int2", "int4", "int8", "float4", "float8", "bool", "numeric", "varchar")
    },
    **{n: _WORDS[n] for n in ("timestamp", "timestamptz", "time", "timetz", "varbit", "bpchar")},
    "char": '"char"',
    "bit": '"bit"',
    "interval": "interval",
}
"""What the catalog's own names are shown as: those that are written in quotes or behind ``pg_catalog``."""
_INTERVAL = re.compile(
    r"interval(?: (?:year|month|day|hour|minute|second)(?: to (?:month|hour|minute|second))?)?"
)
_BEFORE_WORDS = ("timestamp", "time")


class Type(NamedTuple):
    """A type; of a built-in one ``text`` is what ``format_type`` shows, of others its name, schema and what follows them."""

    text: str
    schema: str = ""
    name: str = ""
    rest: str = ""

    @property
    def builtin(self) -> bool:
        """True if it is one of PostgreSQL's own."""
        return not self.name


@functools.cache
def read_type(text: str, *, modified: bool = True) -> Type:
    """Read a type as SQL spells it; *modified* false leaves lengths and precisions out, as signatures do.

    Raises ``ValueError`` for what is no type.
    """
    found = _ARRAY.search(text)
    array = "[]" if found else ""
    element = (text[: found.start()] if found else text).strip()
    modifiers = _MODIFIERS.search(element) if element[:1] != '"' else None
    numbers = re.sub(r"\s+", "", modifiers[1]).lower() if modifiers else ""
    spaced = _MODIFIERS.sub(" ", element) if modifiers else element
    words = " ".join(spaced.lower().split())
    base = _builtin(words, numbers, modified=modified)
    if base:
        return Type(base + array)
    return _named(element, array, modified=modified)


def _builtin(words: str, numbers: str, *, modified: bool) -> str:
    """Return how a built-in type is shown, empty if *words* is none."""
    shown = _WORDS.get(words, "") or (words if words in _PLAIN else "")
    if _INTERVAL.fullmatch(words):
        shown = words if modified else "interval"
    if shown == "float":
        return "real" if numbers and int(numbers) < 25 else "double precision"
    if not modified:
        return "character" if shown == "bpchar" else shown
    return _modified(shown, numbers) if shown else ""


def _modified(shown: str, numbers: str) -> str:
    if shown == "bpchar" and numbers:
        shown = "character"
    if shown in {"character", "bit"}:
        numbers = numbers or "1"
    if shown == "numeric" and numbers and "," not in numbers:
        numbers += ",0"
    if not numbers:
        return shown
    head, _, tail = shown.partition(" ")
    return f"{head}({numbers}) {tail}" if head in _BEFORE_WORDS else f"{shown}({numbers})"


def _named(element: str, array: str, *, modified: bool) -> Type:
    try:
        name, end = read_leading_name(element)
    except ValueError:
        raise ValueError(f"{element!r} is no type") from None
    rest = re.sub(r"\s+", "", element[end:]).lower()
    if rest and not _MODIFIERS.fullmatch(rest):
        raise ValueError(f"{element!r} is no type")
    if name.schema in {"", "pg_catalog"}:
        known = _INTERNAL.get(name.name) or (name.name if name.name in _PLAIN else "")
        if known and not rest:
            return Type((known if modified or known != "bpchar" else "character") + array)
        if name.schema and known in set(_WORDS.values()):
            return Type(_builtin(known, rest.strip("()"), modified=modified) + array)
    rest = rest if modified else ""
    return Type(element + array, name.schema, name.name, rest + array)
