"""PostgreSQL's own grammar behind one small port: text in, statements with places out.

The grammar is libpg_query (PostgreSQL 18), shipped inside the ``postgast`` wheel; the JSON form of the tree is all we read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from lockstep.sql import library
from lockstep.sql.comments import top

GRAMMAR_VERSION = 18
"""The PostgreSQL major whose grammar this is; a newer server may accept what it rejects."""
_LARGE = 256 * 1024
_KIND = re.compile(rb'"stmt":\{"(\w+)"')
ROWS_ONLY = {"InsertStmt", "SelectStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}
"""Statements that only move rows."""
_ROWS_WORD = re.compile(
    r"(?P<kind>INSERT|UPDATE|DELETE|MERGE)\b|(?:SELECT|VALUES|TABLE)\b|\(", re.IGNORECASE
)
_BLANK = " \t\n\r\f\v"
_LONGEST_MESSAGE = 200


class Statement(NamedTuple):
    """One statement of a text.

    ``offset`` is where its first token begins, in characters from 0; ``text`` ends before the semicolon. ``kind`` is the
    name of the parse node (``IndexStmt``) and ``tree`` its fields as libpg_query's JSON has them; both are empty for
    text that the grammar does not know. In a text of more than 256 KiB, statements that only move rows have no tree, nor
    has one that nests deeper than ``library.LEVELS``.
    """

    offset: int
    text: str
    kind: str
    tree: dict[str, Any]


class NotParsed(ValueError):
    """The text is not SQL of the grammar's version; ``offset`` (characters from 0) is where it stops being so."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def parse(text: str, *, rows: bool = False) -> list[Statement]:
    """Return the statements of *text* with their trees.

    *rows*: also in a large text, statements that only move rows keep their trees, of long VALUES lists the first row.
    Raises ``NotParsed`` at the first syntax error. *text* must not contain NUL: libpg_query would stop there without a word.
    """
    raw = text.encode()
    if len(raw) > _LARGE:
        return list(_parse_singly(text, raw, rows=rows))
    try:
        found = library.load(library.tree_of(raw))
    except library.Refused as error:
        raise _not_parsed(error, text) from error
    if found is None:
        return list(_parse_singly(text, raw, rows=rows))
    return [_statement(text, raw, entry) for entry in found["stmts"]]


def parses(text: str) -> bool:
    """True if *text* is SQL of the grammar's version."""
    try:
        parse(text)
    except NotParsed:
        return False
    return True


def opaque(text: str) -> list[Statement]:
    """Return all of *text* as one statement without a tree.

    For text that a newer server may understand although this grammar does not. (libpg_query's scanner cannot split such
    text: it drops statements that hold no keyword it knows.)
    """
    return [Statement(0, text, "", {})]


def _statement(text: str, raw: bytes, entry: dict[str, Any]) -> Statement:
    start = entry.get("stmt_location", 0)
    end = start + (entry.get("stmt_len", 0) or len(raw) - start)
    ascii_only = len(raw) == len(text)
    offset = start if ascii_only else len(raw[:start].decode())
    body = text[start:end] if ascii_only else raw[start:end].decode()
    stripped = body.lstrip(_BLANK)
    (kind, tree) = next(iter(entry["stmt"].items()))
    return Statement(offset + len(body) - len(stripped), stripped.rstrip(_BLANK), kind, tree)


def _parse_singly(text: str, raw: bytes, *, rows: bool = False) -> Iterator[Statement]:
    """Parse one statement at a time: the tree of a whole dump would take a hundred times its size in memory."""
    offset = before = 0
    try:
        for start, length in library.split(raw):
            body = raw[start : start + (length or len(raw))]
            offset += len(raw[before:start].decode())
            before = start
            decoded = body.decode()
            leading = len(decoded) - len(decoded.lstrip(_BLANK))
            (kind, tree) = _read(body, decoded, rows=rows)
            yield Statement(offset + leading, decoded.strip(_BLANK), kind, tree)
    except library.Refused as error:
        raise _not_parsed(error, text) from error


def _read(body: bytes, decoded: str, *, rows: bool) -> tuple[str, dict[str, Any]]:
    if len(body) > _LARGE:
        word = _ROWS_WORD.match(decoded, len(top(decoded)))
        if word is not None:
            return f"{(word['kind'] or 'select').capitalize()}Stmt", {}
    parsed = library.tree_of(body)
    found = _KIND.search(parsed, 0, 200)
    kind = found[1].decode() if found else ""
    wanted = kind not in ROWS_ONLY or (rows and len(body) <= _LARGE)
    loaded = library.load(parsed) if wanted else None
    tree = loaded["stmts"][0]["stmt"][kind] if loaded else {}
    _shorten(tree)
    return kind, tree


def _shorten(tree: dict[str, Any]) -> None:
    """Leave one row of a VALUES list: all have the same columns."""
    select = tree.get("selectStmt", {}).get("SelectStmt", {})
    if "valuesLists" in select:
        del select["valuesLists"][1:]


def _not_parsed(error: library.Refused, text: str) -> NotParsed:
    # The cursor counts characters from 1; 0 means that the error has no place, which is the end of the input.
    offset = error.cursor - 1 if error.cursor else len(text)
    message = str(error)  # which may quote all the rest of the text
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE] + "..."
    return NotParsed(message, offset)
