"""The order in which pieces run, and which of them must wait for the second file.

What stands on something that is made in the second file stands there too: a foreign key on a key that is built concurrently, a
view that groups by it, whatever names a new label of an enum (a label cannot be used in the transaction that adds it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lockstep.catalog.fact import Fact, Path, undotted
from lockstep.catalog.making import in_order
from lockstep.catalog.making.references import referred
from lockstep.catalog.repair.plan import Piece
from lockstep.sql.objects import literal, qualified
from lockstep.values import dataclass

_USES_A_KEY = re.compile(
    r"\bGROUP\s+BY\b|\bON\s+CONFLICT\b|\bUSING INDEX\b|\bCLUSTER ON\b", re.IGNORECASE
)
_BARE_BODIES = ("language plpgsql", "LANGUAGE plpgsql")

_TABLES = {"table", "foreign_table"}
_STANDING_ALONE = {"function", "procedure", "aggregate", "composite"}

FIRST_DROPS, MAKING, LAST_DROPS = range(3)
LABELS, KEY_CURES, KEY_NOT_NULL, KEYS, CURES, NOT_NULL, PROOFS, BEHIND_KEYS = range(8)


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece, the object that it is about, and where it stands: ``stage`` in its file, ``phase`` as the maker of steps says."""

    fact: Fact
    piece: Piece
    stage: int
    phase: int = 0


def arranged(
    entries: Sequence[Entry], keys: Sequence[Fact], labels: dict[tuple[str, ...], list[str]]
) -> list[Entry]:
    """Return all entries in order. *keys* are built in the second file; *labels* are added to enums in the first."""
    entries = _moved(entries, [_about_labels(labels)], LABELS)
    entries = _moved(entries, [_about_keys(keys)] if keys else [], BEHIND_KEYS)
    entries = _before_their_grounds(_behind_their_subjects(entries))
    # What goes stands on what there is, what comes on what there will be: one name can mean both.
    order = _places(entry for entry in entries if not _goes(entry))
    backwards = _places(entry for entry in entries if _goes(entry))

    def place(entry: Entry) -> tuple[object, ...]:
        at = -backwards[entry.fact.key] if _goes(entry) else order[entry.fact.key]
        return entry.piece.part == "later", entry.stage, entry.phase, at

    return sorted(entries, key=place)


def _before_their_grounds(entries: Sequence[Entry]) -> list[Entry]:
    """Let what stands on something that goes first go first as well."""
    first = {entry.fact.path[:2] for entry in entries if entry.stage == FIRST_DROPS}
    result = list(entries)
    changed = True
    while changed:
        changed = False
        for place, entry in enumerate(result):
            last = entry.stage == LAST_DROPS and entry.fact.kind in _STANDING_ALONE
            if last and _goes(entry) and first & referred(entry.fact):
                result[place] = replace(entry, stage=FIRST_DROPS)
                first.add(entry.fact.path[:2])
                changed = True
    return result


def _goes(entry: Entry) -> bool:
    return entry.piece.part == "main" and entry.stage in {FIRST_DROPS, LAST_DROPS}


def _places(entries: Iterable[Entry]) -> dict[tuple[str, Path], int]:
    facts = {entry.fact.key: entry.fact for entry in entries}
    return {fact.key: place for place, fact in enumerate(in_order(facts.values()))}


def _behind_their_subjects(entries: Sequence[Entry]) -> list[Entry]:
    """Put a comment into the second file if what it is on is made there."""
    later = {
        path
        for entry in entries
        if entry.piece.part == "later" and entry.fact.kind in {"constraint", "index"}
        for path in (
            ("table constraint", *entry.fact.path),
            ("index", entry.fact.path[0], entry.fact.path[-1]),
        )
    }
    return [
        replace(entry, piece=replace(entry.piece, part="later"), stage=BEHIND_KEYS)
        if entry.stage == MAKING and entry.fact.kind == "comment" and entry.fact.path in later
        else entry
        for entry in entries
    ]


class _Standing:
    """Texts that tell that a statement stands on something: any of *names*, in a statement that *uses* it."""

    def __init__(self, names: Iterable[tuple[str, str]], uses: re.Pattern[str] | None) -> None:
        self._names = list(names)
        self._uses = uses

    def of(self, text: str) -> bool:
        """Tell whether a statement with this text does."""
        if self._uses is not None and not self._uses.search(text):
            return False
        return any(one in text and other in text for one, other in self._names)


def _about_labels(labels: dict[tuple[str, ...], list[str]]) -> _Standing:
    return _Standing(
        ((literal(label), qualified(*enum)) for enum, added in labels.items() for label in added),
        None,
    )


def _about_keys(keys: Sequence[Fact]) -> _Standing:
    tables = {qualified(*_table(key)) for key in keys}
    return _Standing(((table, table) for table in tables), _USES_A_KEY)


def _table(key: Fact) -> tuple[str, ...]:
    return key.path[:2] if key.kind == "constraint" else undotted(key.body["table"])


def _moved(entries: Sequence[Entry], standing: Iterable[_Standing], stage: int) -> list[Entry]:
    """Put into the second file what stands on something there, and what stands on that."""
    found = list(standing)
    result = list(entries)
    names: set[str] = set()
    changed = bool(found)
    while changed:
        changed = False
        for place, entry in enumerate(result):
            if entry.piece.part == "later" or entry.stage != MAKING or entry.fact.kind == "enum":
                continue
            text = "\n".join(entry.piece.actions)
            if not _runs_nothing(text) and (
                any(one.of(text) for one in found) or any(name in text for name in names)
            ):
                piece = replace(entry.piece, part="later")
                result[place] = Entry(entry.fact, piece, stage, entry.phase)
                # A table that is only changed there is there before.
                changes = entry.fact.kind in _TABLES and text.startswith("ALTER ")
                if len(entry.fact.path) > 1 and not changes:
                    names.add(qualified(*entry.fact.path[:2]))
                changed = True
    return result


def _runs_nothing(text: str) -> bool:
    """A PL/pgSQL body is not looked into when it is made: what it names may come later."""
    return any(words in text for words in _BARE_BODIES)
