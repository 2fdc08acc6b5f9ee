"""PostgreSQL's own grammar behind one small port: text in, statements with places out.

The grammar is libpg_query (PostgreSQL 18), shipped inside the ``postgast`` wheel. Only its ctypes layer is loaded: the
package itself imports protobuf, which would double the memory of a boot, and the JSON form of the tree is all we read.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

GRAMMAR_VERSION = 18
"""The PostgreSQL major whose grammar this is; a newer server may accept what it rejects."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a text.

    ``offset`` is where its first token begins, in characters from 0; ``text`` ends before the semicolon. ``kind`` is the
    name of the parse node (``IndexStmt``) and ``tree`` its fields as libpg_query's JSON has them; both are empty for
    text that the grammar does not know.
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


def parse(text: str) -> list[Statement]:
    """Return the statements of *text* with their trees.

    Raises ``NotParsed`` at the first syntax error. *text* must not contain NUL: libpg_query would stop there without a word.
    """
    native = _native()
    raw = text.encode()
    result = native.lib.pg_query_parse(raw)
    try:
        if result.error:
            raise _not_parsed(result.error.contents, text)
        found = json.loads(result.parse_tree)["stmts"]
    finally:
        native.lib.pg_query_free_parse_result(result)
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
    leading = len(body) - len(body.lstrip())
    (kind, tree) = next(iter(entry["stmt"].items()))
    return Statement(offset + leading, body.strip(), kind, tree)


def _not_parsed(error: Any, text: str) -> NotParsed:
    # cursorpos counts characters from 1; 0 means that the error has no place, which is the end of the input.
    offset = error.cursorpos - 1 if error.cursorpos else len(text)
    return NotParsed(error.message.decode(errors="replace"), offset)


@functools.cache
def _native() -> ModuleType:
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
