"""Tables that can only be made anew, with another partition key or on another server: first they go, then they are missing.

What goes is taken out of what the plan takes for live, so that everything that is to be on the new table is simply missing there.
A partition that is still wanted leaves the table before, and keeps its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lockstep.catalog.compare import Difference, Drift
from lockstep.catalog.fact import Fact, dotted, undotted
from lockstep.catalog.making import Step, change, dependents, drop, guards, must_drop
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair import arranged
from lockstep.catalog.repair.arranged import Entry
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.plan import Piece
from lockstep.catalog.repair.script import quoted_body
from lockstep.catalog.snapshot import Snapshot
from lockstep.sql.objects import qualified
from lockstep.values import dataclass

_ANEW = {"partition_by", "server"}
_TABLES = ("table", "foreign_table")
_LEFT = "DECLARE lockstep_parts pg_catalog.text[]; lockstep_part pg_catalog.text;"
_LEAVE = """\
lockstep_parts := ARRAY(
  SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname)
  FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = {child} AND k.conparentid <> 0
  UNION ALL
  SELECT pg_catalog.format('DROP INDEX %s', i.indexrelid::pg_catalog.regclass)
  FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indrelid = {child} AND c.relispartition
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')));
EXECUTE {detach};
FOREACH lockstep_part IN ARRAY lockstep_parts LOOP
  EXECUTE lockstep_part;
END LOOP;"""
"""What a partition has as a part of what the table has stays with it otherwise, under names that nobody chose."""


@dataclass(frozen=True, slots=True)
class PutAway:
    """What is live once *entries* are done, and why tables of which nobody allowed that stay: by their names."""

    live: Snapshot
    entries: tuple[Entry, ...] = ()
    held: tuple[tuple[str, str], ...] = ()


def put_away(
    drift: Drift, expected: Index, live: Snapshot, choices: Choices, server: int
) -> PutAway:
    """Put those tables away that are to be made anew and may be dropped."""
    index = Index(live.lines, server)
    entries: list[Entry] = []
    held: list[tuple[str, str]] = []
    lines = dict.fromkeys(live.lines)
    for one in drift.of("differs"):
        if one.fact.kind not in _TABLES or not _ANEW & {*one.fields}:
            continue
        if not choices.may_drop(one.fact):
            continue
        table = _Table(one, expected, index)
        kept = next((x for x in table.gone() if not _may_go(x, expected, choices)), None)
        if kept is not None:
            reason = f"{kept.kind} {dotted(kept.path)} would go with it, and is not named"
            held.append((one.name, reason))
            continue
        entries += table.entries()
        for fact in table.gone():
            lines.pop(fact.line(), None)
        for old, new in table.left_behind():
            lines.pop(old.line(), None)
            lines[new.line()] = None
    if not entries:
        return PutAway(live, held=tuple(held))
    return PutAway(live.with_lines(lines), tuple(entries), tuple(held))


def _may_go(fact: Fact, expected: Index, choices: Choices) -> bool:
    """True for what comes back, and for what may be dropped by its own name."""
    return expected.get(fact.kind, fact.path) is not None or choices.may_drop(fact)


class _Table:
    """One of them, and what goes with it."""

    def __init__(self, difference: Difference, expected: Index, live: Index) -> None:
        assert difference.live is not None
        self._difference = difference
        self._fact = difference.live
        self._expected = expected
        self._live = live
        parts = list(_partitions(self._fact, live))
        self._lost = [one for one in parts if not expected.first(_TABLES, one.path)]
        going = {dotted(one.path) for one in (self._fact, *self._lost)}
        self._kept = [
            one for one in parts if one not in self._lost and one.body["partition_of"] in going
        ]
        steps = change(difference, expected, live)
        assert isinstance(steps, list)
        self._drop: Step = steps[0]

    def gone(self) -> Iterator[Fact]:
        """Yield the table, all that goes with it, and all that stands on it."""
        for table in (self._fact, *self._lost):
            yield table
            yield from self._standing(table)

    def _standing(self, table: Fact) -> list[Fact]:
        kept = {one.path for one in self._kept}
        kept |= {part.path for one in self._kept for part in _partitions(one, self._live)}
        return [one for one in dependents(table, self._live) if one.path[:2] not in kept]

    def left_behind(self) -> Iterator[tuple[Fact, Fact]]:
        """Yield the facts of what stays, as they are and as they are then: partitions, whose checks become their own; sequences."""
        for one in self._sequences():
            yield one, _without(one, "owned_by")
        for one in self._kept:
            yield one, _without(one, "partition_of", "bound")
            for column in self._live.children(one.path):
                if column.body.get("inherited"):
                    yield column, _without(column, "inherited")
            for check in self._live.children(undotted(one.body["partition_of"]), "constraint"):
                own = Fact("constraint", (*one.path, check.path[2]), check.body)
                if check.body["type"] == "check" and not check.body.get("no_inherit"):
                    yield own, own

    def entries(self) -> Iterator[Entry]:
        """Yield what makes partitions leave, drops what stands on the table, and the table."""
        for one in self._kept:
            yield self._leaving(one)
        for one in self._sequences():
            yield self._entry(one, self._freed(one), "the number that it has reached stays")
        standing = {
            one.key: one for table in (self._fact, *self._lost) for one in self._standing(table)
        }
        why = f"it stands on {_name(self._fact)}, which is made anew; it comes back where it is expected"
        for one in must_drop([*standing.values()], self._fact):
            for step in drop(one):
                guard = guards.both(f"({self._drop.guard})", f"({step.guard})")
                yield self._entry(one, replace(step, guard=guard), why)
        fields = ", ".join(self._difference.fields)
        yield self._entry(self._fact, self._drop, f"it differs in {fields}, and is made anew")

    def _sequences(self) -> Iterator[Fact]:
        tables = {one.path for one in (self._fact, *self._lost)}
        for one in self._live.mentioning('"owned_by": '):
            if one.kind == "sequence" and undotted(one.body["owned_by"])[:2] in tables:
                yield one

    def _freed(self, sequence: Fact) -> Step:
        bare = _without(sequence, "owned_by")
        steps = change(Difference(bare, sequence), self._expected, self._live)
        assert isinstance(steps, list)
        guard = guards.both(f"({self._drop.guard})", f"({steps[0].guard})")
        return replace(steps[0], guard=guard, phase=-1)

    def _leaving(self, part: Fact) -> Entry:
        child, parent = guards.relation(part.path), undotted(part.body["partition_of"])
        row = f"inhrelid = {child} AND inhparent = {guards.relation(parent)}"
        needed = guards.both(f"({self._drop.guard})", guards.exists("pg_inherits", row))
        detach = f"ALTER TABLE {qualified(*parent)} DETACH PARTITION {qualified(*part.path)}"
        body = _LEAVE.format(child=child, detach=quoted_body(detach))
        why = f"{_name(self._fact)} is made anew; this keeps its rows, but not the indexes and keys that are the table's"
        piece = Piece(_name(part), why, needed, body=tuple(body.splitlines()), declare=_LEFT)
        return Entry(part, piece, arranged.FIRST_DROPS, -1)

    def _entry(self, fact: Fact, step: Step, why: str) -> Entry:
        piece = Piece(_name(fact), why, step.guard, (step.action,), loses=step.loses)
        return Entry(fact, piece, arranged.FIRST_DROPS, step.phase)


def _partitions(table: Fact, live: Index) -> Iterator[Fact]:
    """Yield the partitions of a table, and theirs."""
    name = dotted(table.path)
    for fact in live.mentioning('"partition_of": '):
        if fact.kind in _TABLES and fact.body.get("partition_of") == name:
            yield fact
            yield from _partitions(fact, live)


def _without(fact: Fact, *keys: str) -> Fact:
    body = {key: value for key, value in fact.body.items() if key not in keys}
    return Fact(fact.kind, fact.path, body)


def _name(fact: Fact) -> str:
    return f"{fact.kind} {dotted(fact.path)}"
