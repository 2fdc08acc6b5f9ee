"""Where a text's comments are, and what only looks like one inside a literal."""

from __future__ import annotations

import re
from collections.abc import Iterator

_GAP = re.compile(r"(?:\s+|--[^\n\r]*)+")
_BLOCK_EDGE = re.compile(r"/\*|\*/")
# A literal that never ends goes on to the end of the text, as PostgreSQL has it; and so no text is searched twice.
LITERAL = (
    r"(?<!\w)[eE]'(?:[^'\\]|\\.)*(?:'|\Z)"
    r"|'[^']*(?:'|\Z)"
    r'|"[^"]*(?:"|\Z)'
    r"|(?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=tag)|\Z)"
)
"""A regular expression (with DOTALL) for strings, quoted names and dollar-quoted bodies."""
_TOKEN = re.compile(rf"--[^\n\r]*|/\*|{LITERAL}", re.DOTALL)


def top(text: str) -> str:
    """Return what stands above the first statement: comments and blank lines."""
    at = 0
    while True:
        found = _GAP.match(text, at)
        at = found.end() if found else at
        if not text.startswith("/*", at):
            return text[:at]
        at = end_of_block(text, at)


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the text of every comment, not of what only looks like one inside a literal."""
    at = 0
    while found := _TOKEN.search(text, at):
        at = found.end()
        if found[0] == "/*":
            at = end_of_block(text, found.start())
        if found[0] == "/*" or found[0].startswith("--"):
            yield found.start(), text[found.start() : at]


def end_of_block(text: str, start: int) -> int:
    """Return where the block comment that begins at *start* is over; they nest."""
    depth = 0
    for found in _BLOCK_EDGE.finditer(text, start):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(text)
