"""In which order facts are made: what others stand on first, and beside that as a lock file lists them.

A cycle is broken where it hurts least: first at what is only read when it is run, then wherever it must. What PostgreSQL allows
to come later (foreign keys, a sequence's owner, a default that calls the table's own functions) is no part of any.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from lockstep.catalog.fact import BESIDE, KINDS, RIGHTS, Fact, Path, undotted
from lockstep.catalog.making.references import (
    Name,
    multirange_of,
    names_in,
    referred,
    referred_weakly,
)

_RANK = {kind: number * 10 for number, kind in enumerate(KINDS)}
_TABLES = {"table", "foreign_table"}
_LAST = {*BESIDE, "not_null", "default_privilege", "other"}
_CODE = {"function", "procedure", "aggregate"}
_QUERIES = {"view", "matview", "rule", "policy"}
_PARTS = {"column", "constraint", "domain_constraint", "trigger", "rule", "policy"}
_KEYS = {"primary key": 0, "unique": 1, "check": 2, "exclude": 3, "foreign key": 4}


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Return *facts* so that each comes after what it stands on; columns come right behind a table that is among them."""
    return _Order(list(facts)).sorted()


class _Order:
    def __init__(self, facts: Sequence[Fact]) -> None:
        tables = {fact.path for fact in facts if fact.kind in _TABLES}
        self.partitions = {
            fact.path for fact in facts if fact.kind in _TABLES and "partition_of" in fact.body
        }
        self.facts = facts
        self.nodes: list[int] = []
        self.last: list[int] = []
        self.named: dict[Name, list[int]] = defaultdict(list)
        self.parts: dict[Path, list[int]] = defaultdict(list)
        self.keys: dict[Path, list[int]] = defaultdict(list)
        self.own: dict[Path, list[int]] = defaultdict(list)
        for number, fact in enumerate(facts):
            if fact.kind == "column" and fact.path[:2] in tables:
                self.own[fact.path[:2]].append(number)
            elif fact.kind in _LAST:
                self.last.append(number)
            else:
                self.nodes.append(number)
                self._enter(number, fact)
        self.after: dict[int, set[int]] = defaultdict(set)
        self.strong: dict[int, set[int]] = {}
        self.weak: dict[int, set[int]] = {}
        for number in self.nodes:
            strong, weak = self._needs(number)
            self.strong[number] = strong - {number}
            self.weak[number] = weak - strong - {number}
            for need in strong | weak:
                self.after[need].add(number)

    def _enter(self, number: int, fact: Fact) -> None:
        if len(fact.path) >= 2 and fact.kind not in {*_LAST, *_PARTS}:
            self.named[fact.path[0], fact.path[1]].append(number)
        if fact.kind == "schema":
            self.named[fact.path[0], ""].append(number)
        if fact.kind == "range":
            self.named[multirange_of(fact)].append(number)
        if fact.kind == "column":
            self.parts[fact.path[:2]].append(number)
        if fact.kind == "constraint" and fact.body["type"] in {"primary key", "unique"}:
            self.keys[fact.path[:2]].append(number)
        if fact.kind == "index" and fact.body.get("unique"):
            self.keys[undotted(fact.body["table"])].append(number)

    def _needs(self, number: int) -> tuple[set[int], set[int]]:
        fact = self.facts[number]
        names = referred(fact)
        for column in self.own.get(fact.path, ()) if fact.kind in _TABLES else ():
            names |= referred(self.facts[column])
        if fact.kind in _PARTS:
            names.add((fact.path[0], fact.path[1]))
        if fact.kind == "sequence":
            names = set()  # its owner comes later
        if fact.kind == "extension":
            names = {(fact.body.get("schema", ""), "")}
        strong = set(self._found(fact, names))
        weak = set(self._found(fact, referred_weakly(fact)))
        if fact.kind in _TABLES or fact.kind == "column":
            weak |= self._deferrable(number, strong)
            strong -= weak
        return strong, weak

    def _deferrable(self, number: int, strong: set[int]) -> set[int]:
        """Return the functions that only defaults call: these can be set later."""
        fact = self.facts[number]
        columns = (
            [self.facts[column] for column in self.own.get(fact.path, ())]
            if fact.kind in _TABLES
            else []
        )
        called: set[Name] = set()
        for column in columns:
            called |= names_in(column.body.get("default", ""))
        return {
            need
            for need in strong
            if self.facts[need].kind in _CODE and self.facts[need].path[:2] in called
        }

    def _found(self, fact: Fact, names: Iterable[Name]) -> Iterator[int]:
        foreign = fact.kind == "constraint" and fact.body["type"] == "foreign key"
        for name in names:
            yield from self.named.get(name, ())
            if fact.kind in _TABLES and name == fact.path:
                continue
            if not (
                fact.kind == "column" and name == fact.path[:2] and "generated" not in fact.body
            ):
                yield from (
                    part for part in self.parts.get(name, ()) if self.facts[part].path != fact.path
                )
            if foreign or fact.kind in _QUERIES or "sql_body" in fact.body:
                yield from self.keys.get(name, ())

    def sorted(self) -> list[Fact]:
        waiting = {
            number: len(self.strong[number]) + len(self.weak[number]) for number in self.nodes
        }
        ready = [(self._rank(number), number) for number in self.nodes if not waiting[number]]
        heapq.heapify(ready)
        done: set[int] = set()
        result: list[Fact] = []
        while len(done) < len(self.nodes):
            if not ready:
                number = self._broken(done)
                ready = [(self._rank(number), number)]
            _, number = heapq.heappop(ready)
            if number in done:
                continue
            done.add(number)
            result.append(self.facts[number])
            if self.facts[number].kind in _TABLES:
                result += [
                    self.facts[column] for column in self.own.get(self.facts[number].path, ())
                ]
            for following in self.after[number]:
                waiting[following] -= 1
                if not waiting[following] and following not in done:
                    heapq.heappush(ready, (self._rank(following), following))
        return result + [self.facts[number] for number in sorted(self.last, key=self._rank)]

    def _broken(self, done: set[int]) -> int:
        """Return what of a cycle is to be made although something of what it refers to is not there yet."""
        left = [number for number in self.nodes if number not in done]
        cycle = self._cycle(left[0], done)
        weak = [number for number in cycle if not self.strong[number] - done]
        return min(weak or cycle, key=self._rank)

    def _cycle(self, start: int, done: set[int]) -> list[int]:
        """Walk from what waits to what it waits for, until it comes back: every strong way first."""
        walked: dict[int, int] = {}
        path: list[int] = []
        current = start
        while current not in walked:
            walked[current] = len(path)
            path.append(current)
            left = sorted(self.strong[current] - done) or sorted(self.weak[current] - done)
            current = left[0]
        return path[walked[current] :]

    def _rank(self, number: int) -> tuple[int, int]:
        fact = self.facts[number]
        rank = _RANK[fact.kind]
        if fact.kind == "constraint":
            kind = _KEYS[fact.body["type"]]
            rank += kind
            if fact.path[:2] in self.partitions and kind in {0, 1, 3}:
                rank = _RANK["index"] + 4
        # An index of the parent would take a partition's own for its part there.
        if fact.kind == "index" and undotted(fact.body["table"]) in self.partitions:
            rank += 3
        # A child's column follows its parent's; a column's privileges go with those of its table.
        if (fact.kind == "column" and fact.body.get("inherited")) or (
            fact.kind in RIGHTS and fact.path[0] == "column"
        ):
            rank += 5
        return rank, number
