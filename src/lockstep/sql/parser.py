"""PostgreSQL's own grammar behind one small port: text in, statements with places out.

The grammar is libpg_query (PostgreSQL 18), shipped inside the ``postgast`` wheel. Only its ctypes layer is loaded: the
package itself imports protobuf, which would double the memory of a boot, and the JSON form of the tree is all we read.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from lockstep.values import dataclass

GRAMMAR_VERSION = 18
"""The PostgreSQL major whose grammar this is; a newer server may accept what it rejects."""
_LARGE = 256 * 1024
_KIND = re.compile(rb'"stmt":\{"(\w+)"')
ROWS_ONLY = {"InsertStmt", "SelectStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}
"""Statements that only move rows."""
_BLANK = " \t\n\r\f\v"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a text.

    ``offset`` is where its first token begins, in characters from 0; ``text`` ends before the semicolon. ``kind`` is the
    name of the parse node (``IndexStmt``) and ``tree`` its fields as libpg_query's JSON has them; both are empty for
    text that the grammar does not know. In a text of more than 256 KiB, statements that only move rows have no tree, nor
    has one that nests deeper than Python reads.
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
        found = json.loads(_tree_of(raw, text))["stmts"]
    except RecursionError:
        return list(_parse_singly(text, raw, rows=rows))
    return [_statement(text, raw, entry) for entry in found]


def opaque(text: str) -> list[Statement]:
    """Return all of *text* as one statement without a tree.

    For text that a newer server may understand although this grammar does not. (libpg_query's scanner cannot split such
    text: it drops statements that hold no keyword it knows.)
    """
    return [Statement(0, text, "", {})]


def _statement(text: str, raw: bytes, entry: dict[str, Any]) -> Statement:
    start = entry.get("stmt_location", 0)
    length = entry.get("stmt_len", 0) or len(raw) - start
    body = raw[start : start + length].decode()
    ascii_only = len(raw) == len(text)
    offset = start if ascii_only else len(raw[:start].decode())
    leading = len(body) - len(body.lstrip(_BLANK))
    (kind, tree) = next(iter(entry["stmt"].items()))
    return Statement(offset + leading, body.strip(_BLANK), kind, tree)


def _parse_singly(text: str, raw: bytes, *, rows: bool = False) -> Iterator[Statement]:
    """Parse one statement at a time: the tree of a whole dump would take a hundred times its size in memory."""
    offset = before = 0
    for start, length in _split(raw, text):
        body = raw[start : start + length]
        offset += len(raw[before:start].decode())
        before = start
        parsed = _tree_of(body, text)
        found = _KIND.search(parsed, 0, 200)
        kind = found[1].decode() if found else ""
        wanted = kind not in ROWS_ONLY or (rows and length <= _LARGE)
        try:
            tree = json.loads(parsed)["stmts"][0]["stmt"][kind] if wanted else {}
        except RecursionError:
            tree = {}
        _shorten(tree)
        decoded = body.decode()
        leading = len(decoded) - len(decoded.lstrip(_BLANK))
        yield Statement(offset + leading, decoded.strip(_BLANK), kind, tree)


def _shorten(tree: dict[str, Any]) -> None:
    """Leave one row of a VALUES list: all have the same columns."""
    select = tree.get("selectStmt", {}).get("SelectStmt", {})
    if "valuesLists" in select:
        del select["valuesLists"][1:]


def _split(raw: bytes, text: str) -> list[tuple[int, int]]:
    library = native().lib
    result = library.pg_query_split_with_parser(raw)
    try:
        if result.error:
            raise _not_parsed(result.error.contents, text)
        found = (result.stmts[number].contents for number in range(result.n_stmts))
        return [(one.stmt_location, one.stmt_len or len(raw)) for one in found]
    finally:
        library.pg_query_free_split_result(result)


def _tree_of(raw: bytes, text: str) -> bytes:
    library = native().lib
    result = library.pg_query_parse(raw)
    try:
        if result.error:
            raise _not_parsed(result.error.contents, text)
        return bytes(result.parse_tree)
    finally:
        library.pg_query_free_parse_result(result)


def _not_parsed(error: Any, text: str) -> NotParsed:
    # cursorpos counts characters from 1; 0 means that the error has no place, which is the end of the input.
    offset = error.cursorpos - 1 if error.cursorpos else len(text)
    return NotParsed(error.message.decode(errors="replace"), offset)


@functools.cache
def native() -> ModuleType:
    """Return postgast's ctypes layer over libpg_query, loaded once."""
    package = importlib.util.find_spec("postgast")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("postgast is not installed; it holds the PostgreSQL grammar")
    file = Path(package.submodule_search_locations[0]) / "native.py"
    spec = importlib.util.spec_from_file_location("_lockstep_libpg_query", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
