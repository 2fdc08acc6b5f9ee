"""The shorthand that ``snapshot.sql`` is written in, and what it stands for on a server of a given version.

====================================  ==============================================================================
``IDENT(x)``                          a name as ``quote_ident`` writes it, fit for one line
``JSON(x)``, ``LIST(x)``              a JSON string; a JSON array of the elements of a text array, sorted
``TEXT(x)``                           a JSON string that the server makes from what it finds now; a mark if it finds nothing
``TRUE(x)``                           ``true`` where the condition holds, else nothing
``PROC(x)``                           a function's qualified name, unless its OID is 0
``OBJECT("key": x, ...)``             a JSON object of the keys whose value is not null; the keys stand in order
``BODY("key": x, ...)``               the same after a space
``COLUMNS(table, numbers)``           a JSON array of the columns' names, in this order; ``COLUMNS_SORTED`` sorts them
``[[14: x | y]]``                     *x* on servers from 14 on, *y* before
``{own:catalog:oid}``                 not a part of an extension
``{name:schema:object}``              both, with a dot
``{free:oid}``, ``{free_...}``        nobody holds or awaits an ACCESS EXCLUSIVE lock on what the server would open
``{unread}``                          the mark of a text that was not read, because it would have to wait
====================================  ==============================================================================
"""

from __future__ import annotations

import re
from pathlib import Path

from lockstep.postgres.queries import load_queries

FRAGMENTS = load_queries(Path(__file__).with_name("fragments.sql"))
UNREAD = "\\u0001unread"
"""What stands in a line for a text that was not read; no text of the server's own begins like this."""
TORN = "\\u0001torn"
"""The same for a text that the server did not find any more."""

_VERSIONED = re.compile(
    r"\[\[(\d\d): ((?:(?!\[\[|\]\]).)*?)\s\|(?!\|)(?:\s((?:(?!\[\[|\]\]).)*?))?\]\]", re.DOTALL
)
_FRAGMENT = re.compile(r"\{(\w+)((?::[^{}:]+)*)\}")
_CALL = re.compile(r"\b(IDENT|JSON|TEXT|LIST|TRUE|PROC|BODY|OBJECT|COLUMNS|COLUMNS_SORTED)\(")
_KEY = re.compile(r'\s*("\w+"): ')


def expand(text: str, major: int) -> str:
    """Return *text* in plain SQL. Fragments may hold calls and other fragments."""
    previous = ""
    while previous != text:
        previous = text
        text = _VERSIONED.sub(lambda m: m[2] if major >= int(m[1]) else (m[3] or ""), text)
        text = _FRAGMENT.sub(_fragment, text)
    return _calls(text)


def _fragment(match: re.Match[str]) -> str:
    text = FRAGMENTS.get(match[1])
    if text is None:
        return match[0]
    for number, argument in enumerate(match[2].split(":")[1:], 1):
        text = text.replace(f"${number}", argument)
    return text


def _calls(text: str) -> str:
    """Replace the calls, innermost last: an argument may hold calls of its own."""
    done: list[str] = []
    while match := _CALL.search(text):
        arguments = _arguments(text, match.end())
        end = match.end() + sum(map(len, arguments)) + len(arguments)
        done.append(text[: match.start()])
        text = _FRAGMENT.sub(_fragment, _meaning(match[1], arguments)) + text[end:]
    return "".join([*done, text])


def _meaning(call: str, arguments: list[str]) -> str:
    if call.startswith("COLUMNS"):
        table, keys = arguments
        return FRAGMENTS[call.lower()].replace("$1", table).replace("$2", keys)
    if call not in ("BODY", "OBJECT"):
        return FRAGMENTS[call.lower()].replace("$1", ",".join(arguments).strip())
    pairs = []
    for argument in arguments:
        key = _KEY.match(argument)
        assert key is not None, argument
        pairs.append(f"'{key[1]}: ' || ({argument[key.end() :]})")
    opening = " {" if call == "BODY" else "{"
    return f"'{opening}' || concat_ws(', ', {', '.join(pairs)}) || '}}'"


def _arguments(text: str, start: int) -> list[str]:
    """Return what stands between the parenthesis that ends before *start* and the one that closes it, split at its commas."""
    found: list[str] = []
    depth, quote, begin = 0, "", start
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif depth and character in ")]":
            depth -= 1
        elif character == ")":
            return [*found, text[begin:position]]
        elif character == "," and not depth:
            found.append(text[begin:position])
            begin = position + 1
    raise ValueError(f"a parenthesis is not closed: {text[start : start + 60]}")
