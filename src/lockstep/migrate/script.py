"""A file that is going to run becomes a script: its statements, examined before the first of any file runs."""

from __future__ import annotations

import re

from lockstep.errors import Place, Problem
from lockstep.migrate.files import File
from lockstep.migrate.header import Header, parse_header
from lockstep.position import place_at
from lockstep.sql.encodings import decode
from lockstep.sql.parser import GRAMMAR_VERSION, NotParsed, Statement, opaque, parse
from lockstep.sql.prepass import SYNTAX_HELP
from lockstep.sql.psql import COMMAND_HELP
from lockstep.sql.templates import LOOKS_LIKE, TEMPLATE_HELP
from lockstep.sql.transactions import (
    client_copy,
    concurrent_index,
    discards_all,
    must_run_alone,
    transaction_control,
    validates_only,
)
from lockstep.values import dataclass

_CONTROL_AT_LINE_START = re.compile(
    r"^[ \t]*(BEGIN|START\s+TRANSACTION|COMMIT|ROLLBACK|END)\b\s*(?:TRANSACTION|WORK)?\s*;",
    re.IGNORECASE | re.MULTILINE,
)
_COPY_ROWS = re.compile(r"\b(?P<copy>COPY)\b[^;]*\bFROM\s+STDIN\b[^;]*;", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Script:
    """A file, its directives and its statements, fit to run; ``only_validates``: nothing in it keeps other sessions waiting.

    The statements of a script that runs have trees where one may have to be probed for, in no-transaction files: trees are by
    far the largest part.
    """

    file: File
    header: Header
    statements: tuple[Statement, ...]
    only_validates: bool = False

    @property
    def text(self) -> str:
        """The text that runs."""
        return self.file.text

    def fit_to_keep(self) -> Script:
        """Return the script without the trees that nobody needs any more."""
        if not self.header.transaction:
            return self
        bare = [Statement(known.offset, known.text, known.kind, {}) for known in self.statements]
        return Script(self.file, self.header, tuple(bare), self.only_validates)


def examine(file: File, server_major: int) -> tuple[Script | None, list[Problem]]:
    """Return the script of *file* with all trees, or None with what keeps it from running even once."""
    byte_problem = _unfit_bytes(file)
    if byte_problem:
        return None, [byte_problem]
    header, problems = parse_header(file.shown, file.text, file.kind)
    try:
        statements = parse(file.text)
    except NotParsed as error:
        if server_major <= GRAMMAR_VERSION:
            return None, [*problems, _syntax_problem(file, error)]
        # The server is newer than the grammar: it, not we, knows what this is.
        statements = opaque(file.text)
    problems += _judge(file, header, statements)
    return (None, problems) if problems else (_script(file, header, statements), [])


def _script(file: File, header: Header, statements: list[Statement]) -> Script:
    only_validates = all(validates_only(statement) for statement in statements)
    return Script(file, header, tuple(statements), only_validates)


def _unfit_bytes(file: File) -> Problem | None:
    decoded = decode(file.raw)
    if not decoded.findings:
        return None
    found = decoded.findings[0]
    place = place_at(file.shown, decoded.original, found.start)
    return Problem(found.message, place, found.help)


def _syntax_problem(file: File, error: NotParsed) -> Problem:
    text = file.text
    offset = min(error.offset, len(text.rstrip()))
    place = place_at(file.shown, text, offset)
    copy = _copy_before(text, offset)
    if copy is not None:
        return _copy_problem("COPY ... FROM STDIN", place_at(file.shown, text, copy))
    rest = text[offset:].split(maxsplit=1)
    if rest and rest[0].startswith("\\"):
        return Problem(
            f"{rest[0]} is a command of psql: only SQL runs here",
            place,
            COMMAND_HELP,
        )
    looks_like_template = LOOKS_LIKE.search(text.split("\n")[place.line - 1])
    hint = TEMPLATE_HELP if looks_like_template else SYNTAX_HELP
    return Problem(" ".join(str(error).split()), place, hint)


def _copy_before(text: str, offset: int) -> int | None:
    """Return where a COPY FROM STDIN begins whose rows are what the grammar stumbled over."""
    found = list(_COPY_ROWS.finditer(text, 0, offset))
    if found and text.count("\n", found[-1].end(), offset) <= 1:
        return found[-1].start("copy")
    return None


def _copy_problem(what: str, place: Place) -> Problem:
    return Problem(
        f"{what} needs a client that sends or takes the rows",
        place,
        "Write the rows as INSERT ... VALUES ... ON CONFLICT (key) DO NOTHING.",
    )


def _judge(file: File, header: Header, statements: list[Statement]) -> list[Problem]:
    if not statements:
        return [Problem("holds no statement", Place(file.shown), "Write one, or remove the file.")]
    problems = []
    for statement in statements:
        found = _judge_statement(header, statement)
        if found:
            what, next_step = found
            problems.append(
                Problem(what, place_at(file.shown, file.text, statement.offset), next_step)
            )
    return problems


def _judge_statement(header: Header, statement: Statement) -> tuple[str, str] | None:
    control = transaction_control(statement) or _opaque_control(statement)
    if control and header.transaction:
        return (
            f"{control} inside a file: the file is the transaction",
            "Take it out; to run statements on their own: -- lockstep: no-transaction",
        )
    if control:
        return (
            f"{control} inside a no-transaction file: each statement runs on its own",
            "Take it out; what belongs together goes into a file without no-transaction.",
        )
    copy = client_copy(statement)
    if copy:
        problem = _copy_problem(copy, Place(""))
        return problem.what, problem.next_step
    if discards_all(statement):
        return (
            "DISCARD ALL releases the boot lock",
            "Write what it is meant to discard: RESET ALL, DISCARD TEMP.",
        )
    alone = must_run_alone(statement)
    if alone and header.transaction:
        return (
            f"{alone} cannot run inside a transaction",
            "Put it into a file of its own with the line: -- lockstep: no-transaction",
        )
    index = concurrent_index(statement)
    if index is not None and not index.name:
        return (
            "a concurrent index without a name cannot be found again after a crash",
            "Name it: CREATE INDEX CONCURRENTLY IF NOT EXISTS table_column_idx ON ...",
        )
    return None


def _opaque_control(statement: Statement) -> str:
    if statement.kind:
        return ""
    match = _CONTROL_AT_LINE_START.search(statement.text)
    return match[1].upper() if match else ""
