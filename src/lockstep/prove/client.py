"""What ``psql`` keeps for itself while it runs a file: its variables, and which branch of ``\\if`` it is in.

A file whose commands depend on what the server answers (``\\gset``), or that has branches, is decided step by step as it runs, the same
way again after a crash.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from lockstep.postgres.session import ServerError
from lockstep.sql.comments import LITERAL
from lockstep.sql.objects import literal

_VARIABLE = re.compile(
    rf"""(?<![:\w]):(?:(?P<plain>\w+)|'(?P<literal>\w+)'|"(?P<name>\w+)"|\{{\?(?P<known>\w+)\}})"""
    rf"|--[^\n]*|/\*.*?\*/|{LITERAL}",
    re.DOTALL,
)
_WORD = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|[^\s'\"]+|\s+")
_OWN = re.compile(
    r"ON_ERROR_\w+|AUTOCOMMIT|ECHO\w*|QUIET|VERBOSITY|SHOW_\w+|FETCH_COUNT|PROMPT\d|HIST\w+"
)
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
BRANCHES = frozenset(["if", "elif", "else", "endif"])


class Client:
    """The variables and branches of one run of a file."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.variables: dict[str, str] = {}
        self._branches: list[tuple[bool, bool]] = []  # is it this one, and was one before it
        self._ended = False

    @property
    def active(self) -> bool:
        """True unless what stands here is left out."""
        return not self._ended and all(taken for taken, _ in self._branches)

    def obey(self, name: str, argument: str) -> None:
        """Do what a command says. Branches must be balanced."""
        if name in BRANCHES:
            self._branch(name, argument)
        elif not self.active:
            return
        elif name == "q":
            self._ended = True
        elif name == "unset":
            self.variables.pop(argument, None)
        else:
            self.set(argument)

    def set(self, argument: str) -> None:
        """Do what ``\\set`` does: the rest of the words together are the value of the first."""
        name, _, rest = argument.partition(" ")
        if not name or _OWN.fullmatch(name):
            return
        words = _WORD.findall(rest)
        self.variables[name] = "".join(self._word(word) for word in words if word.strip())

    def take_row(self, prefix: str, rows: list[dict[str, str | None]]) -> None:
        """Do what ``\\gset`` does with the *rows* of a query. Raises ``ServerError`` unless there is exactly one."""
        if len(rows) != 1:
            told = "more than one row" if rows else "no rows"
            raise ServerError("", f"{told} returned for \\gset")
        for name, value in rows[0].items():
            if _OWN.fullmatch(prefix + name):
                continue
            if value is None:
                self.variables.pop(prefix + name, None)
            else:
                self.variables[prefix + name] = value

    def said(self, text: str) -> str:
        """Return *text* with the values of the variables in it."""
        return interpolated(text, self.variables)

    def _branch(self, name: str, argument: str) -> None:
        taken = before = False
        if name != "if":
            taken, before = self._branches.pop()
            before = before or taken
        if name == "endif":
            return
        held = name == "else" or (self.active and not before and is_true(self.said(argument)))
        self._branches.append((held and not before, before))

    def _word(self, word: str) -> str:
        return unquoted(word) if word[0] in "'\"" else self.said(word)


def is_true(text: str) -> bool:
    """Return what ``\\if`` makes of its argument; what is no truth value is none."""
    word = unquoted(text.strip()).lower()
    if word in {"", "o"} or any(one.startswith(word) for one in _FALSE):
        return False
    return any(one.startswith(word) for one in _TRUE)


def unquoted(text: str) -> str:
    """Return an argument without its quotes."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("''", "'")
    return text


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """Return *text* with variables filled in; literals and comments stay as they are."""

    def value(found: re.Match[str]) -> str:
        if found["known"]:
            return "TRUE" if found["known"] in variables else "FALSE"
        name = found["plain"] or found["literal"] or found["name"]
        if name not in variables:
            return found[0]
        known = variables[name]
        if found["literal"]:
            return literal(known)
        return known if found["plain"] else '"' + known.replace('"', '""') + '"'

    return _VARIABLE.sub(value, text)
