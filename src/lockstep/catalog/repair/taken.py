"""What an object that goes still holds, and another should have: a name, the place of an extension's parts, a range of rows.

An index has its name in its whole schema, so that the key of one table can be in the way of another's; a partition keeps the rows
of its bound from every other.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Drift
from lockstep.catalog.fact import Fact, Path, dotted, undotted
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.references import word_of
from lockstep.catalog.repair.choices import Choices

_BY_INDEX = {"primary key", "unique", "exclude"}


class Taken:
    """What is taken in one drift."""

    def __init__(self, drift: Drift, live: Index, choices: Choices) -> None:
        self._live = live
        self._choices = choices
        missing = [difference.fact for difference in drift.of("missing")]
        self._names = {name: fact.path[:2] for fact in missing if (name := _index_name(fact))}
        self._parents = {
            fact.body["partition_of"]
            for fact in missing
            if fact.kind == "table" and "partition_of" in fact.body
        }
        self._extra = {difference.fact.key for difference in drift.of("extra")}

    def gives_way(self, fact: Fact) -> bool:
        """Tell whether *fact*, which is extra, has what another should have: it has to go before that one is made."""
        if fact.kind == "table":
            parent = fact.body.get("partition_of", "")
            return parent in self._parents and ("table", undotted(parent)) not in self._extra
        name = _index_name(fact)
        return name is not None and name in self._names

    def by(self, fact: Fact) -> str:
        """Return what has the place of *fact* and will not go; empty if nothing does."""
        return next(self._holders(fact), "")

    def _holders(self, fact: Fact) -> Iterator[str]:
        if fact.kind == "table" and "partition_of" in fact.body:
            parent = self._live.get("table", undotted(fact.body["partition_of"]))
            if parent and "partition_by" not in parent.body and not self._may_go(parent):
                yield f"table {dotted(parent.path)}, which has no partitions,"
        if fact.kind == "extension":
            yield from self._loose_parts(fact)
        if (name := _index_name(fact)) is None:
            return
        for other in self._live.mentioning(word_of(name[1])):
            if (
                _index_name(other) == name
                and other.kind == "constraint"
                and other.path != fact.path
                and not self._may_go(other)
            ):
                yield f"constraint {dotted(other.path)}"

    def _loose_parts(self, extension: Fact) -> Iterator[str]:
        """Yield the routines of an extension that were made one by one, as was done before there were extensions."""
        library = f"$libdir/{extension.path[0]}"
        for other in self._live.mentioning(library):
            if other.body.get("library") == library:
                yield f"{other.kind} {dotted(other.path)}"

    def _may_go(self, fact: Fact) -> bool:
        table = self._live.get("table", fact.path[:2])
        return self._choices.may_drop(fact) or (
            table is not None and table.key in self._extra and self._choices.may_drop(table)
        )


def _index_name(fact: Fact) -> Path | None:
    if fact.kind == "index":
        return fact.path
    if fact.kind == "constraint" and fact.body["type"] in _BY_INDEX:
        return fact.path[0], fact.path[2]
    return None
