"""Files and ledger make a plan, or a refusal with reasons. Pure: nothing here reads or writes anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from lockstep.errors import DatabaseAhead, HistoryDiverged, LockstepError, Place, Problem
from lockstep.migrate.files import File, Shipped
from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class Applied:
    """One row of the ledger: a file that was applied; ``position`` counts up in the order of applying, ``seconds`` is what it took."""

    kind: str
    name: str
    checksum: str
    breaking: bool
    position: int
    applied_at: datetime
    release: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run, in order; empty when the schema is at head.

    ``late``: pending files that sort before applied ones. ``ahead``: files of a newer release, applied after all that
    this one ships; ``newer``: one of them is a migration, so that the schema is a newer release's.
    ``history_lost``: the database has tables but no ledger of this application; the files are idempotent and run again.
    """

    migrations: tuple[File, ...] = ()
    seeds: tuple[File, ...] = ()
    late: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    newer: bool = False
    history_lost: bool = False

    @property
    def files(self) -> tuple[File, ...]:
        """Migrations, then seeds."""
        return self.migrations + self.seeds

    @property
    def at_head(self) -> bool:
        """True if nothing is left to run."""
        return not self.migrations and not self.seeds

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-ready values."""
        return {
            "migrations": [file.name for file in self.migrations],
            "seeds": [file.name for file in self.seeds],
            "late": list(self.late),
            "ahead": list(self.ahead),
            "history_lost": self.history_lost,
            "at_head": self.at_head,
        }


def make_plan(
    shipped: Shipped,
    ledger: Sequence[Applied] | None,
    *,
    user_tables: int = 0,
    missing: Literal["refuse", "allow"] = "refuse",
) -> Plan:
    """Return what must run so that everything shipped is applied; *ledger* None means that there is none yet.

    Raises ``HistoryDiverged`` if an applied file was edited, renamed or removed, and ``DatabaseAhead`` if the database has a
    breaking migration that is not shipped.
    """
    applied = {(row.kind, row.name): row for row in ledger or ()}
    known = {(file.kind, file.name) for file in shipped.files}
    unshipped = [row for key, row in applied.items() if key not in known]
    ahead = _ahead(unshipped, [row for key, row in applied.items() if key in known])
    renamed = _renamed(shipped.files, applied, unshipped)
    problems = [*_edited(shipped.files, applied), *(_renaming(*pair) for pair in renamed)]
    if missing == "refuse":
        explained = [row for _, row in renamed]
        removed = (row for row in unshipped if row not in ahead and row.kind == "migration")
        problems += [_removal(row) for row in removed if row not in explained]
    if problems:
        raise _diverged(problems)
    _refuse_breaking(ahead)
    migrations = tuple(file for file in shipped.migrations if _is_pending(file, applied))
    return Plan(
        migrations=migrations,
        seeds=tuple(file for file in shipped.seeds if _is_pending(file, applied)),
        late=_late(migrations, applied),
        ahead=tuple(row.name for row in ahead),
        newer=any(row.kind == "migration" for row in ahead),
        history_lost=ledger is None and user_tables > 0,
    )


def _ahead(unshipped: Sequence[Applied], ours: Sequence[Applied]) -> list[Applied]:
    """Return what a newer release applied.

    What came before something we ship was ours once; what came after all of it is a newer release's. For migrations seeds do
    not count: on a fresh database our seeds come after all migrations, a newer release's too.
    """
    newest = {
        "migration": max((row.position for row in ours if row.kind == "migration"), default=0),
        "seed": max((row.position for row in ours), default=0),
    }
    return [row for row in unshipped if row.position > newest[row.kind]]


def _is_pending(file: File, applied: dict[tuple[str, str], Applied]) -> bool:
    row = applied.get((file.kind, file.name))
    return row is None or row.checksum != file.checksum


def _edited(files: Iterable[File], applied: dict[tuple[str, str], Applied]) -> list[Problem]:
    problems = []
    for file in files:
        row = applied.get((file.kind, file.name))
        if row is None or row.checksum == file.checksum or file.header.rerun_on_change:
            continue
        problems.append(
            Problem(
                f"was edited after it was applied on {_when(row)}",
                Place(file.shown),
                "Restore its text (git log -p names the change) and write what is new into a new file: lockstep new NAME",
            )
        )
    return problems


def _renamed(
    files: Iterable[File], applied: dict[tuple[str, str], Applied], unshipped: Sequence[Applied]
) -> list[tuple[File, Applied]]:
    """Pair each pending file with the applied one that is gone and had its very text."""
    gone = {(row.kind, row.checksum): row for row in unshipped}
    pending = [file for file in files if (file.kind, file.name) not in applied]
    return [(file, row) for file in pending if (row := gone.get((file.kind, file.checksum)))]


def _renaming(file: File, row: Applied) -> Problem:
    return Problem(
        f"is {row.name} under another name, which was applied on {_when(row)}",
        Place(file.shown),
        f"Rename it back to {row.name}: the ledger knows files by their names.",
    )


def _removal(row: Applied) -> Problem:
    return Problem(
        f"was applied on {_when(row)}, and is no longer shipped",
        Place(row.name),
        "Put the file back, or set LOCKSTEP_MISSING=allow if it was removed on purpose.",
    )


def _refuse_breaking(unshipped: Iterable[Applied]) -> None:
    breaking = [row for row in unshipped if row.breaking]
    if breaking:
        raise DatabaseAhead(
            "the database is ahead of this release by a breaking migration",
            problems=[
                Problem(
                    f"{row.name} was applied on {_when(row)}, and says that older releases must not run on its result"
                )
                for row in breaking
            ],
            why="This release does not ship that file: it is older than the schema.",
            next_step="Deploy the release that ships it, or a newer one.",
        )


def _late(migrations: Iterable[File], applied: dict[tuple[str, str], Applied]) -> tuple[str, ...]:
    newest = max((name for kind, name in applied if kind == "migration"), default="")
    return tuple(
        file.name
        for file in migrations
        if file.name < newest and ("migration", file.name) not in applied
    )


def _diverged(problems: Sequence[Problem]) -> LockstepError:
    return HistoryDiverged(
        f"the history of this release and that of the database differ in {len(problems)} file{'s' * (len(problems) > 1)}",
        problems=problems,
        why="An applied file never changes: databases that ran the old text would silently differ from those that run the new.",
        next_step="See each file above.",
    )


def _when(row: Applied) -> str:
    release = f" by release {row.release}" if row.release else ""
    return f"{row.applied_at:%Y-%m-%d %H:%M}{release}"
