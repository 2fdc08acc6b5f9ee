"""Turn an offset in a text into a line, a column, and an excerpt with a caret."""

from __future__ import annotations

from itertools import takewhile

from lockstep.errors import Place
from lockstep.redaction import redact

_EXCERPT_WIDTH = 100


def place_at(file: str, text: str, offset: int) -> Place:
    """Return the place of the character at *offset* (from 0) of *text*; past the end means the end."""
    offset = min(max(offset, 0), len(text))
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)].rstrip("\r")
    number = text.count("\n", 0, offset) + 1
    column = offset - start + 1
    return Place(file, number, column, excerpt(line, column, number))


def excerpt(line: str, column: int, number: int, length: int = 1) -> str:
    """Return *line* with its number and carets under *length* characters from *column* (from 1), cut to a readable width.

    Tabs become single spaces and control characters dots: the caret stays where it points, and the terminal in peace. Secrets
    are masked; a caret behind one moves to it.
    """
    from unicodedata import category, combining, east_asian_width

    if (clean := redact(line)) != line:
        # What came after a secret is not where it was.
        same = takewhile(bool, (one == other for one, other in zip(line, clean, strict=False)))
        secret_at = sum(1 for _ in same)
        line, column, length = clean, min(column, secret_at + 1), 1

    def printable(character: str) -> str:
        if character in "\t\N{NO-BREAK SPACE}":
            return " "
        return "·" if category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else character

    def width(character: str) -> int:
        return 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1

    cut = max(0, column - 1 - _EXCERPT_WIDTH // 2) if len(line) > _EXCERPT_WIDTH else 0
    shown = "".join(map(printable, line[cut : cut + _EXCERPT_WIDTH]))
    start = column - 1 - cut
    before = sum(map(width, shown[:start]))
    under = max(1, sum(map(width, shown[start : start + length])))
    gutter = f"{number:>5} | "
    caret = " " * (len(gutter) - 2) + "| " + " " * before + "^" * under
    return f"{gutter}{shown}\n{caret}"
