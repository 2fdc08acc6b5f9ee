"""A file becomes what ``psql`` would send of it, step by step: statements, rows for a COPY, and the few commands that matter.

Nothing is refused here: what no server can run fails when it is tried, as it would under ``psql``. Bytes that are no UTF-8 go to the
server as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lockstep.prove.splitting import split, understood
from lockstep.sql.encodings import decode
from lockstep.sql.objects import literal
from lockstep.sql.parser import NotParsed, Statement, parse
from lockstep.sql.psql import spans, without_commands
from lockstep.sql.sections import Forward, forward
from lockstep.values import dataclass

_NUL = re.compile(rb"\0[^\n]*\n?")
_COMMAND = re.compile(r"\\(?P<name>[A-Za-z_]+\+?|\S)[ \t]*(?P<rest>[^\n]*)")
_WITHOUT_EFFECT = frozenset(
    [
        "echo",
        "qecho",
        "warn",
        "pset",
        "timing",
        "x",
        "t",
        "a",
        "C",
        "f",
        "H",
        "T",
        "encoding",
        "unset",
        "errverbose",
        "restrict",
        "unrestrict",
        "conninfo",
        "o",
        "r",
        "s",
        "g",
        "gx",
        "gdesc",
        "p",
        "w",
        "cd",
        "prompt",
        "setenv",
        "getenv",
        "copyright",
        "h",
        "?",
        "l",
        "z",
    ]
)
_DESCRIBES = re.compile(r"d\w*\+?|l\+|z\+|sf\+?|sv\+?")
_INTERPOLATED = re.compile(r"""(?<![:\w]):(?:(?P<plain>\w+)|'(?P<literal>\w+)'|"(?P<name>\w+)")""")
_OWN_VARIABLES = re.compile(
    r"ON_ERROR_\w+|AUTOCOMMIT|ECHO\w*|QUIET|VERBOSITY|SHOW_\w+|FETCH_COUNT|PROMPT\d|HIST\w+"
)
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is sent: a statement with its place, the ``rows`` that feed it, and whether ``psql`` runs what it returns.

    ``refused`` says why it cannot be tried at all.
    """

    statement: Statement
    raw: bytes
    rows: bytes = b""
    executes: bool = False
    refused: str = ""

    @property
    def offset(self) -> int:
        """Where it begins in the file's text, in characters."""
        return self.statement.offset


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a file, its text (as long as the file's, for places), and what its tool's marks say."""

    steps: tuple[Step, ...]
    text: str
    forward: Forward


def read_steps(raw: bytes, folder: Path) -> Steps:
    """Return the steps of a file; *folder* is where files that it includes are looked for."""
    decoded = decode(_NUL.sub(b"", raw)) if b"\0" in raw and raw[:2] not in _UTF16 else decode(raw)
    if decoded.encoding != "utf-8":
        refusal = Step(Statement(0, "", "", {}), raw, refused="is UTF-16: no server reads it")
        return Steps((refusal,), decoded.text, Forward(decoded.text, "", transaction=True))
    text = (
        decoded.original.replace("\ufeff", " ", 1)
        if decoded.original[:1] == "\ufeff"
        else decoded.original
    )
    part = forward(text)
    return Steps(tuple(_Reader(folder).read(part.text)), text, part)


_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class _Reader:
    """Reads texts one after the other, as one ``psql`` would: its variables live on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._variables: dict[str, str] = {}
        self._ended = False

    def read(self, text: str, depth: int = 0) -> Iterator[Step]:
        commands = list(spans(text))
        plain, _ = without_commands(text)
        events: list[tuple[int, Statement | str]] = [
            (start, text[start:end]) for start, end, _ in commands
        ]
        events += [(one.offset, one) for one in self._statements(plain, commands, text)]
        events.sort(key=lambda event: event[0])
        pending: Step | None = None
        for start, event in events:
            if isinstance(event, Statement):
                if pending is not None:
                    yield pending
                pending = self._step(event)
                continue
            if not event.startswith("\\"):
                if pending is not None:
                    yield _fed(pending, event)
                pending = None
                continue
            if _COMMAND.match(event) and event.startswith(("\\gexec",)) and pending is not None:
                yield _executing(pending)
                pending = None
                continue
            if pending is not None:
                yield pending
                pending = None
            yield from self._command(start, event, depth)
            if self._ended:
                return
        if pending is not None:
            yield pending

    def _statements(
        self, plain: str, commands: Sequence[tuple[int, int, str]], text: str
    ) -> Sequence[Statement]:
        """Split at the places where the grammar does, where it can read the text; else where psql does."""
        try:
            known = parse(plain)
        except (NotParsed, UnicodeEncodeError):
            known = []
            if not self._variables and not any(_sets(text[start:]) for start, _, _ in commands):
                return [understood(*piece) for piece in split(plain)]
            return [Statement(*piece, "", {}) for piece in split(plain)]
        return known

    def _step(self, statement: Statement) -> Step:
        if self._variables and not statement.kind:
            said = _interpolate(statement.text, self._variables)
            statement = understood(statement.offset, said)
        return Step(statement, _bytes(statement.text))

    def _command(self, start: int, event: str, depth: int) -> Iterator[Step]:
        found = _COMMAND.match(event)
        assert found is not None
        name, rest = found["name"], found["rest"].strip()
        if name == "set":
            self._set(rest)
        elif name == "q":
            self._ended = True
        elif name in {"i", "ir", "include", "include_relative"}:
            yield from self._include(start, event, rest, depth)
        elif name == "copy" and "\n" in event:
            yield self._client_copy(start, event)
        elif name.rstrip("+") not in _WITHOUT_EFFECT and not _DESCRIBES.fullmatch(name):
            yield _refusal(start, event, f"\\{name} is a command of psql that is not tried here")

    def _set(self, rest: str) -> None:
        name, _, value = rest.partition(" ")
        if name and not _OWN_VARIABLES.fullmatch(name):
            self._variables[name] = _unquoted(value.strip())

    def _include(self, start: int, event: str, rest: str, depth: int) -> Iterator[Step]:
        file = self._folder / _unquoted(rest)
        if depth >= _DEEPEST or not file.is_file():
            yield _refusal(start, event, f"{rest}: No such file or directory")
            return
        text = decode(file.read_bytes()).original
        for step in self.read(text, depth + 1):
            known = step.statement
            moved = Statement(start, known.text, known.kind, known.tree)
            yield Step(moved, step.raw, step.rows, step.executes, step.refused)

    def _client_copy(self, start: int, event: str) -> Step:
        line, _, rows = event.partition("\n")
        found = _COMMAND.match(line)
        assert found is not None
        text = f"COPY {found['rest'].strip()}"
        return _fed(self._step(understood(start, text)), "\n" + rows)


def _sets(command: str) -> bool:
    return command.startswith("\\set ")


def _fed(step: Step, rows: str) -> Step:
    """Give a COPY its rows: what stands between its line and the line of the end mark."""
    lines = rows.split("\n")
    body = [line for line in lines if line.rstrip("\r \t") != "\\."]
    fed = _bytes("\n".join(body)).lstrip(b"\n")
    return Step(step.statement, step.raw, fed if not fed or fed.endswith(b"\n") else fed + b"\n")


def _executing(step: Step) -> Step:
    return Step(step.statement, step.raw, executes=True)


def _refusal(start: int, event: str, why: str) -> Step:
    shown = event.split("\n", 1)[0]
    return Step(Statement(start, shown, "", {}), b"", refused=why)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'")
    return text


def _interpolate(text: str, variables: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found["plain"] or found["literal"] or found["name"]
        if name not in variables:
            return found[0]
        known = variables[name]
        if found["literal"]:
            return literal(known)
        return known if found["plain"] else '"' + known.replace('"', '""') + '"'

    return _INTERPOLATED.sub(value, text)
