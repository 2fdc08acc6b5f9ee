"""Names as SQL spells them, read without a server: ``content``, ``shop.items``, ``"Odd.name"``."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

_PART = re.compile(r'\s*(?:"((?:[^"\0]|"")+)"|([^\W\d][\w$]*))\s*')
_UPPER = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}
_LONGEST = 63


class Name(NamedTuple):
    """A name and its schema; without one it is found as a search path finds it."""

    schema: str
    name: str


def truncated(name: str) -> str:
    """Return *name* as PostgreSQL keeps it: the first 63 bytes, in whole characters."""
    if len(name) * 4 <= _LONGEST:
        return name
    raw = name.encode()
    return name if len(raw) <= _LONGEST else raw[:_LONGEST].decode(errors="ignore")


@functools.cache
def read_name(text: str) -> Name:
    """Read a name that may be qualified; as in SQL it is folded to lower case, and odd ones are written in quotes.

    Raises ``ValueError`` for what is no name.
    """
    name, end = read_leading_name(text)
    if end != len(text):
        raise ValueError(f"{text!r} is no name; odd ones are written in double quotes, as in SQL")
    return name


def read_leading_name(text: str) -> tuple[Name, int]:
    """Read the name that *text* begins with; return where it ends too."""
    parts: list[str] = []
    end = 0
    while len(parts) < 3:
        found = _PART.match(text, end)
        if found is None:
            raise ValueError(
                f"{text!r} is no name; odd ones are written in double quotes, as in SQL"
            )
        quoted, plain = found.groups()
        written = quoted.replace('""', '"') if quoted else plain.translate(_UPPER)
        parts.append(truncated(written))
        end = found.end()
        if text[end : end + 1] != ".":
            break
        end += 1
    if len(parts) > 2:
        raise ValueError(f"{text!r} has more parts than a schema and a name")
    return Name(parts[0] if len(parts) > 1 else "", parts[-1]), end


def spelled(*names: str) -> str:
    """Return names with quotes where they need them, dotted; empty ones are left out."""
    return ".".join(_quoted(name) for name in names if name)


def _quoted(name: str) -> str:
    plain = _PART.fullmatch(name)
    if plain and plain[2] == name and name == name.translate(_UPPER):
        return name
    return '"' + name.replace('"', '""') + '"'


def shown(*names: str) -> str:
    """Return the same on one line, fit for a message: what would break it is written as an escape."""
    text = spelled(*names)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
