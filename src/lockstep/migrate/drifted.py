"""What a difference between ``schema.lock`` and the live schema means to a boot. Pure: nothing here reads the database.

Missing and different objects refuse, for a service was written against what the migrations make. Reported only is what no
statement of a service can notice, what others than the migrations rightly change, and whatever is more than expected:
``docs/decisions/0011-what-drift-refuses.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lockstep.catalog.compare import Difference, Drift
from lockstep.catalog.fact import BESIDE, TOLD_SINCE, undotted
from lockstep.catalog.wording import counts, sentence
from lockstep.errors import Place, Problem, SchemaDrifted
from lockstep.events import SchemaDiffers
from lockstep.values import dataclass

if TYPE_CHECKING:
    from lockstep.migrate.expected import Expected
    from lockstep.settings import Settings

_NEVER_REFUSE = {"comment", "default_privilege", *TOLD_SINCE}
_LISTED = 20
_SHOWN = 5
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Judged:
    """Differences that refuse a boot, and those that are only worth a remark."""

    refusing: tuple[Difference, ...]
    remarks: tuple[Difference, ...]


def judge(drift: Drift, role: str) -> Judged:
    """Sort the differences; *role* is the one that boots."""
    gone = {
        each.fact.path
        for each in drift.of("missing")
        if each.fact.kind in {"table", "foreign_table"} and "partition_of" in each.fact.body
    }
    refusing: list[Difference] = []
    remarks: list[Difference] = []
    for each in drift.differences:
        refuses = _refuses(each, role) and not _belongs_to(each, gone)
        (refusing if refuses else remarks).append(each)
    return Judged(tuple(refusing), tuple(remarks))


def _refuses(difference: Difference, role: str) -> bool:
    if difference.what == "extra" or difference.fact.kind in _NEVER_REFUSE:
        return False
    # Who owns an object needs no grant on it, and the server keeps none.
    return not (difference.fact.kind == "grant" and difference.fact.path[-1] == role)


def _belongs_to(difference: Difference, partitions: set[tuple[str, ...]]) -> bool:
    """True for partitions that are gone, and for whatever was in them: they come and go with the calendar."""
    if not partitions or difference.what != "missing":
        return False
    fact = difference.fact
    if fact.kind in BESIDE:
        places = {fact.path[1:3]}
    else:
        table = fact.body.get("table")
        places = {fact.path[:2], undotted(table) if isinstance(table, str) else ()}
    return not places.isdisjoint(partitions)


def remark(differences: Sequence[Difference], why: str, *, harmless: bool) -> SchemaDiffers | None:
    """Return what a boot reports of *differences* when it goes on; None if there are none."""
    if not differences:
        return None
    shown = tuple(_short(sentence(each)) for each in differences[:_SHOWN])
    return SchemaDiffers(counts(differences), shown, why, harmless)


@dataclass(frozen=True, slots=True)
class LastKnown:
    """What the ledger knows of how the schema came to be: the last file applied, and when it was last as it should be."""

    name: str = ""
    applied: str = ""
    release: str = ""
    boot: str = ""
    verified: str = ""

    def __str__(self) -> str:
        by = f" by release {self.release}" if self.release else ""
        parts = [
            f"The last file applied here was {self.name}, on {self.applied}{by} (boot {self.boot[:8]})."
        ]
        if not self.name:
            parts = ["The ledger has no migration."]
        if self.verified:
            parts.append(f"The schema was last seen to be as it should be on {self.verified}.")
        return " ".join(parts)


def refusal(
    refusing: Sequence[Difference],
    expected: Expected,
    known: LastKnown,
    settings: Settings,
    *,
    applied: int,
    makers: Mapping[tuple[str, tuple[str, ...]], str],
) -> SchemaDrifted:
    """Return the error: every line that is not as it should be, who was here last, and what repairs it.

    *applied*: how many files ran in this boot. *makers*: the migrations that should have made what is missing.
    """
    number = len(refusing)
    problems = [
        _problem(each, expected, makers.get(each.fact.key, "")) for each in refusing[:_LISTED]
    ]
    if number > _LISTED:
        problems.append(Problem(f"and {number - _LISTED} more", None, "lockstep drift lists them"))
    stale = (
        f"\nIf {expected.file.name} is older than the files that were just applied: lockstep snapshot"
        if applied
        else ""
    )
    return SchemaDrifted(
        f"the schema is not what {expected.file.name} says: {', '.join(counts(refusing))}",
        problems=problems,
        why=f"{known} What differs since then was not changed by a file of this release.",
        next_step=f"{repair_command(settings)} writes the migration that brings it back, without touching what is there; "
        f"commit it, and boot.{stale}\nTo boot in spite of it: LOCKSTEP_DRIFT=report.",
    )


def repair_command(settings: Settings) -> str:
    """Return the command line that writes the repair for the database that was booted on."""
    if settings.database is None:
        return "lockstep repair"
    source = settings.database_source
    named = "URL" if source.startswith("-") else f'"${source}"'
    return f"lockstep repair --database {named}"


def _problem(difference: Difference, expected: Expected, maker: str) -> Problem:
    line = expected.line_of(difference.expected.line()) if difference.expected else 0
    place = Place(expected.file.name, line)
    hint = f"{maker} should have made it" if maker else ""
    return Problem(_short(sentence(difference)), place, hint)


def _short(text: str) -> str:
    return (
        text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... (lockstep drift shows all of it)"
    )
