"""What only psql understands: its commands, and rows that follow a COPY. They become spaces, so that the rest can be parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockstep.sql.comments import LITERAL, end_of_block, top
from lockstep.sql.encodings import syntax
from lockstep.sql.finding import Finding
from lockstep.sql.parser import NotParsed, parse

COMMAND_HELP = "Take it out; the runner connects, orders and wraps the files itself."
_STEP = re.compile(rf"--[^\n\r]*|/\*|{LITERAL}|;|\\", re.DOTALL)
_MAY_HOLD = re.compile(r"\\|\bstdin\b", re.IGNORECASE)
_COPY = re.compile(r"COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_COPY_COMMAND = re.compile(r"\\copy\b.*\bFROM\s+P?STDIN\b", re.IGNORECASE)
_END_OF_ROWS = re.compile(r"^\\\.[ \t\r]*$", re.MULTILINE)
_COMMAND = re.compile(r"\\(?:[A-Za-z]+\+?|[^\s\w])")
_SENDS = re.compile(r"\\(?:g|gx|gset|gexec|gdesc|crosstabview|watch)\b")
_VISIBLE = re.compile(r"[^\r\n]")

_Span = tuple[int, int, str]


def without_commands(text: str) -> tuple[str, list[Finding]]:
    """Return *text*, as long as it was, without psql's commands and COPY's rows, and a finding for each command."""
    if "\\" not in text and text.isascii() and "stdin" not in text.lower():
        return text, []  # as the expression says, much sooner
    if not _MAY_HOLD.search(text):
        return text, []
    pieces, findings, done = [], [], 0
    for start, end, replacement in spans(text):
        pieces += [text[done:start], replacement, blank(text[start + len(replacement) : end])]
        done = end
        if command := _COMMAND.match(text, start):
            message = f"{command[0]} is a command of psql: only SQL runs here"
            last = start + len(text[start:end].split("\n", 1)[0].rstrip())
            findings.append(syntax("psql-command", message, COMMAND_HELP, start, last))
    return "".join([*pieces, text[done:]]), findings


def blank(text: str) -> str:
    """Return spaces of the length of *text*, with its line ends."""
    return _VISIBLE.sub(" ", text)


def spans(text: str) -> Iterator[_Span]:
    """Yield what must go: from, to, and what stands at its beginning instead."""
    at = statement = 0
    rows = _Rows(text)
    while found := _STEP.search(text, at):
        at = found.end()
        if found[0] == "/*":
            at = end_of_block(text, found.start())
        elif found[0] == ";":
            if _COPY.match(text[statement + len(top(text[statement:at])) : at]):
                start, at = rows.after(at)
                yield start, at, ""
            statement = at
        elif found[0] == "\\" and (span := _command(text, found.start(), rows)):
            statement = at = span[1]
            yield span


def _command(text: str, start: int, rows: _Rows) -> _Span | None:
    before = text[text.rfind("\n", 0, start) + 1 : start].rstrip()
    command = _COMMAND.match(text, start)
    sends = _SENDS.match(text, start)
    if command is None or (before and not sends and not before.endswith(";")):
        return None
    end = _line_end(text, start)
    if _COPY_COMMAND.match(text, start, end):
        end = rows.after(end)[1]
    return start, end, ";" if sends else ""


class _Rows:
    """Finds the rows that follow a COPY; without an end mark they may be statements."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._only_sql = False

    def after(self, at: int) -> tuple[int, int]:
        """Return from where to where the rows go."""
        start = min(_line_end(self._text, at) + 1, len(self._text))
        if self._only_sql:
            return start, start
        if found := _END_OF_ROWS.search(self._text, start):
            return start, found.end()
        try:
            parse(self._text[start:])
        except NotParsed:
            return start, len(self._text)
        self._only_sql = True
        return start, start


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)
