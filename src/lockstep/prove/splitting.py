"""Where ``psql`` would end each statement of a text, also of one that is no SQL: it sends what comes before a mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockstep.sql.comments import LITERAL, comments, end_of_block, top
from lockstep.sql.parser import NotParsed, Statement, opaque, parse

_TOKEN = re.compile(
    rf"--[^\n\r]*|/\*|{LITERAL}|[;()]|(?<![\w$])(?:begin|case|end)(?![\w$])",
    re.DOTALL | re.IGNORECASE,
)
_EDGE_OF_BLOCK = re.compile(r"/\*|\*/")
_ROUTINE = re.compile(r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b", re.IGNORECASE)


def split(text: str) -> Iterator[tuple[int, str]]:
    """Yield offset and text of each statement, without what stands above it and its semicolon."""
    start = depth = blocks = at = 0
    while found := _TOKEN.search(text, at):
        met, at = found[0].lower(), found.end()
        if met == "/*":
            at = end_of_block(text, found.start())
        elif met == "(":
            depth += 1
        elif met == ")":
            depth = max(0, depth - 1)
        elif met in {"begin", "case", "end"}:
            blocks = _blocks(met, blocks, text[start : found.start()])
        elif met == ";" and not depth and not blocks:
            yield from _piece(text, start, found.start())
            start = at
    yield from _piece(text, start, len(text))


def understood(offset: int, text: str) -> Statement:
    """Return the statement *text* at *offset*, with its tree if the grammar knows it."""
    try:
        found = parse(text) if "\0" not in text else []
    except (NotParsed, UnicodeEncodeError):
        found = []
    (known,) = found if len(found) == 1 else opaque(text)
    return Statement(offset, text, known.kind, known.tree)


def _blocks(word: str, blocks: int, before: str) -> int:
    """Count the open blocks of a routine whose body is written as SQL: ``BEGIN ATOMIC ... END``."""
    if not blocks and (word != "begin" or not _ROUTINE.match(before[len(top(before)) :])):
        return 0
    return max(0, blocks + (-1 if word == "end" else 1))


def _piece(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    body = text[start:end]
    first = start + len(top(body))
    stripped = text[first:end].rstrip()
    if stripped:
        yield first, stripped
    elif end == len(text) and (never := _never_ends(text, start)) is not None:
        yield never, text[never:]


def _never_ends(text: str, start: int) -> int | None:
    """Return where a block comment begins that has no end: psql sends it, and the server refuses it."""
    last = max(comments(text[start:]), default=(0, ""))
    unclosed = (
        last[1].startswith("/*")
        and _EDGE_OF_BLOCK.findall(last[1]).count("*/") < len(_EDGE_OF_BLOCK.findall(last[1])) / 2
    )
    return start + last[0] if unclosed else None
