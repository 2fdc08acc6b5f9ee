"""A file becomes what ``psql`` would send of it, step by step: statements, rows for a COPY, and the few commands that matter.

Nothing is refused here: what no server can run fails when it is tried, as it would under ``psql``. Bytes that are no UTF-8 go to the
server as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lockstep.prove.client import BRANCHES, Client, unquoted
from lockstep.prove.splitting import split, understood
from lockstep.sql.comments import LITERAL
from lockstep.sql.encodings import decode
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
_IN_A_STATEMENT = re.compile(rf"--[^\n]*|/\*.*?\*/|{LITERAL}|\\(?P<command>;|[A-Za-z]+)", re.DOTALL)
_GOES_ON = re.compile(r"\s*(?:ON_ERROR_STOP)\s+'?(?:off?|f\w*|n\w*|0)'?\s*", re.IGNORECASE)
_DECIDED_LATER = re.compile(r"\\(?:if|gset)\b")
_SENDS = ("\\gexec", "\\gset")
_TAKES_ROWS = re.compile(r"COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_DEEPEST = 5
_NOT_TRIED = "is a command of psql that is not tried here"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is sent: a statement with its place, the ``rows`` that feed it, and whether ``psql`` runs what it returns.

    ``refused`` says why it cannot be tried at all. ``late`` is a step of a file that is decided as it runs: its variables are filled
    in then, or it is left out; ``command`` and ``argument`` are what it says to ``psql`` itself.
    """

    statement: Statement
    raw: bytes
    rows: bytes = b""
    executes: bool = False
    refused: str = ""
    late: bool = False
    command: str = ""
    argument: str = ""

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
        self._client = Client()
        self._late = False
        self._ended = False

    def read(self, text: str, depth: int = 0) -> Iterator[Step]:
        """Yield the steps of a text; of one that is decided as it runs, its commands too."""
        if not self._late and any(_DECIDED_LATER.match(text, start) for start, _, _ in spans(text)):
            self._late = True
            for name, value in self._client.variables.items():
                quoted = value.replace("'", "''")
                yield _obeyed(0, f"\\set {name}", "set", f"{name} '{quoted}'")
        for step in self._read(text, depth):
            yield replace(step, late=True) if self._late else step

    def _read(self, text: str, depth: int) -> Iterator[Step]:
        commands = list(spans(text))
        plain, _ = without_commands(text)
        events: list[tuple[int, Statement | str]] = [
            (start, text[start:end]) for start, end, _ in commands
        ]
        events += [(one.offset, one) for one in self._statements(plain, commands, text)]
        events.sort(key=lambda event: event[0])
        branches = _Branches()
        for start, event, more in _with_what_follows(events):
            if isinstance(event, Statement):
                yield _sent_with(self._step(event), more)
            elif wrong := branches.wrong(event):
                yield _refusal(start, event, wrong)
            else:
                yield from self._command(start, event, depth)
                if self._ended:
                    return
        for _ in range(branches.open):
            yield _obeyed(len(text), "\\endif", "endif", "")
        if branches.open:
            yield _refusal(len(text), "", "reached EOF without finding closing \\endif(s)")

    def _statements(
        self, plain: str, commands: Sequence[tuple[int, int, str]], text: str
    ) -> Sequence[Statement]:
        """Split at the places where the grammar does, where it can read the text; else where psql does."""
        joints = _joints(plain)
        for at in joints:
            plain = f"{plain[:at]} {plain[at + 1 :]}"
        return _joined(plain, self._pieces(plain, commands, text), joints)

    def _pieces(
        self, plain: str, commands: Sequence[tuple[int, int, str]], text: str
    ) -> Sequence[Statement]:
        try:
            return parse(plain)
        except (NotParsed, UnicodeEncodeError):
            filled = self._client.variables or any(_sets(text[start:]) for start, _, _ in commands)
            if not filled:
                return [understood(*piece) for piece in split(plain)]
            return [Statement(*piece, "", {}) for piece in split(plain)]

    def _step(self, statement: Statement) -> Step:
        written = statement.text
        if self._client.variables and not statement.kind:
            statement = understood(statement.offset, self._client.said(written))
        inside = _command_inside(written) if not statement.kind else ""
        if inside:
            return Step(statement, b"", refused=f"\\{inside} {_NOT_TRIED}")
        return Step(statement, _bytes(written if self._late else statement.text))

    def _command(self, start: int, event: str, depth: int) -> Iterator[Step]:
        found = _COMMAND.match(event)
        assert found is not None
        name, rest = found["name"], found["rest"].strip()
        if name == "set" and ("`" in rest or _GOES_ON.match(rest)):
            yield _refusal(start, event, f"\\set {rest} {_NOT_TRIED}")
        elif name in BRANCHES and "`" in rest:
            yield _refusal(start, event, f"\\{name} {rest} {_NOT_TRIED}")
        elif self._late and name in {*BRANCHES, "set", "unset", "q"}:
            if name == "set":
                self._client.set(rest)
            yield _obeyed(start, event, name, rest)
        elif name == "set":
            self._client.set(rest)
        elif name == "q":
            self._ended = True
        elif name in {"i", "ir", "include", "include_relative"}:
            yield from self._include(start, event, rest, depth)
        elif name == "copy" and "\n" in event:
            yield self._client_copy(start, event)
        elif name.rstrip("+") not in _WITHOUT_EFFECT and not _DESCRIBES.fullmatch(name):
            yield _refusal(start, event, f"\\{name} {_NOT_TRIED}")

    def _include(self, start: int, event: str, rest: str, depth: int) -> Iterator[Step]:
        file = self._folder / unquoted(self._client.said(rest))
        if depth >= _DEEPEST or not file.is_file():
            yield _refusal(start, event, f"{rest}: No such file or directory")
            return
        text = decode(file.read_bytes()).original
        for step in self.read(text, depth + 1):
            known = step.statement
            moved = Statement(start, known.text, known.kind, known.tree)
            yield replace(step, statement=moved)

    def _client_copy(self, start: int, event: str) -> Step:
        line, _, rows = event.partition("\n")
        found = _COMMAND.match(line)
        assert found is not None
        text = f"COPY {found['rest'].strip()}"
        return _fed(self._step(understood(start, text)), "\n" + rows)


class _Branches:
    """Counts the branches of a text that are open."""

    def __init__(self) -> None:
        self.open = 0

    def wrong(self, event: str) -> str:
        """Return what is wrong with a command that ends or goes on with a branch; empty if nothing is."""
        found = _COMMAND.match(event)
        name = found["name"] if found else ""
        if name in BRANCHES - {"if"} and not self.open:
            return f"\\{name}: no matching \\if"
        self.open += (name == "if") - (name == "endif")
        return ""


def _sets(command: str) -> bool:
    return command.startswith("\\set ")


def _fed(step: Step, rows: str) -> Step:
    """Give a COPY its rows: what stands between its line and the line of the end mark."""
    lines = rows.split("\n")
    body = [line for line in lines if line.rstrip("\r \t") != "\\."]
    fed = _bytes("\n".join(body)).lstrip(b"\n")
    return Step(step.statement, step.raw, fed if not fed or fed.endswith(b"\n") else fed + b"\n")


def _with_what_follows(
    events: Sequence[tuple[int, Statement | str]],
) -> Iterator[tuple[int, Statement | str, str]]:
    """Yield the events; with a statement comes the text that feeds it, or the command that sends it, if one does."""
    last: tuple[int, Statement] | None = None
    for start, event in events:
        more = ""
        if isinstance(event, str) and _belongs(event, last[1] if last else None):
            more = event
        if last is not None:
            yield *last, more
            last = None
        if isinstance(event, Statement):
            last = start, event
        elif not more and event.startswith("\\"):
            yield start, event, ""
    if last is not None:
        yield *last, ""


def _belongs(event: str, statement: Statement | None) -> bool:
    if statement is None:
        return False
    return bool(_TAKES_ROWS.match(statement.text)) or event.startswith(_SENDS)


def _sent_with(step: Step, more: str) -> Step:
    """Give a statement the rows that feed it, or the command of psql that does something with what it returns."""
    if not more.startswith(_SENDS) or _TAKES_ROWS.match(step.statement.text):
        return _fed(step, more) if more else step
    name, _, prefix = more[1:].split("\n", 1)[0].strip().partition(" ")
    if name == "gexec":
        return replace(step, executes=True)
    return replace(step, command="gset", argument=prefix.strip())


def _obeyed(start: int, event: str, name: str, argument: str) -> Step:
    shown = Statement(start, event.split("\n", 1)[0].rstrip(), "", {})
    return Step(shown, b"", command=name, argument=argument)


def _joints(plain: str) -> list[int]:
    """Return where ``\\\\;`` stands: what is on both sides of it is one message."""
    if "\\;" not in plain:
        return []
    found = _IN_A_STATEMENT.finditer(plain)
    return [one.start() for one in found if one["command"] == ";"]


def _joined(plain: str, known: Sequence[Statement], joints: Sequence[int]) -> Sequence[Statement]:
    """Make one statement of those between which a joint stands."""
    made: list[Statement] = []
    for one in known:
        last = made[-1] if made else None
        if last and any(last.offset < at < one.offset for at in joints if at >= _end(last)):
            text = plain[last.offset : _end(one)]
            made[-1] = Statement(last.offset, text, "", {})
        else:
            made.append(one)
    return made


def _end(statement: Statement) -> int:
    return statement.offset + len(statement.text)


def _command_inside(text: str) -> str:
    """Return the command of psql in the midst of a statement, if there is one."""
    found = _IN_A_STATEMENT.finditer(text) if "\\" in text else ()
    return next((one["command"] for one in found if one["command"]), "")


def _refusal(start: int, event: str, why: str) -> Step:
    shown = event.split("\n", 1)[0]
    return Step(Statement(start, shown, "", {}), b"", refused=why)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
