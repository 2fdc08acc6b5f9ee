"""The facts of a snapshot by kind and name. A line is read when it is asked for: most of tens of thousands never are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from lockstep.catalog.fact import Fact, Path, dotted, read_line

_HEAD = re.compile(r'(?:[^" ]|"(?:[^"]|"")*")* (?:[^" ]|"(?:[^"]|"")*")*')
_PARENT = re.compile(r'(.*)\.(?:"(?:[^"]|"")*"|[^".]*)\Z', re.DOTALL)
NEWEST = 18


class Index:
    """A snapshot's facts; ``server`` is the major version of the server that steps are made for."""

    def __init__(self, lines: Iterable[str], server: int = NEWEST) -> None:
        self.lines = tuple(lines)
        self.server = server
        self._read: dict[str, Fact] = {}

    def get(self, kind: str, path: Path) -> Fact | None:
        """Return the fact of that kind and name."""
        line = self._by_head.get(f"{kind} {dotted(path)}")
        return None if line is None else self._fact(line)

    def first(self, kinds: Iterable[str], path: Path) -> Fact | None:
        """Return the fact of that name, of whichever of *kinds*."""
        return next((fact for kind in kinds if (fact := self.get(kind, path))), None)

    def children(self, path: Path, kind: str = "column") -> list[Fact]:
        """Return the facts of that kind whose names begin with *path*: a table's columns, in their order; its constraints."""
        return [self._fact(line) for line in self._by_parent.get(f"{kind} {dotted(path)}", ())]

    def mentioning(self, text: str) -> Iterator[Fact]:
        """Yield the facts in whose lines *text* stands, whatever it means there."""
        return (self._fact(line) for line in self.lines if text in line)

    def of_kind(self, kind: str) -> Iterator[Fact]:
        """Yield the facts of a kind."""
        return (self._fact(line) for line in self.lines if line.startswith(f"{kind} "))

    @cached_property
    def routines(self) -> dict[Path, list[Fact]]:
        """The functions, procedures and aggregates by schema and name."""
        found: dict[Path, list[Fact]] = {}
        for line in self.lines:
            if line.startswith(("function ", "procedure ", "aggregate ")):
                fact = self._fact(line)
                found.setdefault(fact.path[:2], []).append(fact)
        return found

    @cached_property
    def heirs(self) -> dict[str, list[Fact]]:
        """The partitions and heirs of each table that has any, by its dotted name."""
        found: dict[str, list[Fact]] = {}
        for line in self.lines:
            if line.startswith(("table ", "foreign_table ")) and (
                '"partition_of": ' in line or '"inherits": ' in line
            ):
                fact = self._fact(line)
                for name in (fact.body.get("partition_of"), *fact.body.get("inherits", ())):
                    if name is not None:
                        found.setdefault(name, []).append(fact)
        return found

    @cached_property
    def _by_head(self) -> dict[str, str]:
        return {_head(line): line for line in self.lines}

    @cached_property
    def _by_parent(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for head, line in self._by_head.items():
            if '"' not in head:  # most have none, and there are many
                parent = head.rpartition(".")[0]
            else:
                quoted = _PARENT.match(head)
                parent = quoted[1] if quoted else ""
            if parent:
                found.setdefault(parent, []).append(line)
        return found

    def _fact(self, line: str) -> Fact:
        fact = self._read.get(line)
        if fact is None:
            fact = self._read[line] = read_line(line)
        return fact


def _head(line: str) -> str:
    end = line.find(" {")
    if '"' in line[:end]:
        match = _HEAD.match(line)
        assert match is not None, line
        return match[0]
    return line[:end]
