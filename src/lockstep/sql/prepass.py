"""What must be dealt with before the grammar sees a text: bytes that are no text, psql's commands, rows, templates.

Everything is overwritten in place, never taken out, so that each offset leads to the same character of the file. (The grammar's
library stops at a NUL without a word, and at the first mistake it loses the whole file.)
"""

from __future__ import annotations

from typing import NamedTuple

from lockstep.sql.encodings import decode, syntax
from lockstep.sql.finding import Finding
from lockstep.sql.parser import GRAMMAR_VERSION, NotParsed
from lockstep.sql.psql import without_commands
from lockstep.sql.sections import forward
from lockstep.sql.templates import without_templates

SYNTAX_HELP = f"Correct it (grammar of PostgreSQL {GRAMMAR_VERSION})."


class Prepared(NamedTuple):
    """A text that the grammar may see, and what was overwritten in it.

    ``original`` is the text before that, of the same length; ``encodings.encode`` makes the file of it again (``encoding`` is
    empty where it cannot).
    """

    text: str
    findings: tuple[Finding, ...] = ()
    original: str = ""
    encoding: str = "utf-8"


def prepare(raw: bytes, *, forward_only: bool = False) -> Prepared:
    """Return the text of a file as the analyser wants it; *forward_only* leaves out what only another tool's way back runs."""
    decoded = decode(raw)
    text = forward(decoded.text).text if forward_only else decoded.text
    text, commands = without_commands(text)
    text, templates = without_templates(text)
    found = [*decoded.findings, *commands, *templates]
    if len(found) > 1:
        found.sort(key=lambda finding: finding.start)
    return Prepared(text, tuple(found), decoded.original, decoded.encoding)


def syntax_error(text: str, error: NotParsed) -> Finding:
    """Return the finding for a text that the grammar does not know."""
    start = min(error.offset, len(text.rstrip()))
    word = text[start:].split(maxsplit=1)[:1]
    message = " ".join(str(error).split())
    return syntax("syntax-error", message, SYNTAX_HELP, start, start + len("".join(word)[:40]))
