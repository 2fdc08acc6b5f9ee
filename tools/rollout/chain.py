"""The releases that are deployed one after another, and what is to come of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Trouble = Literal["", "report", "drop a column", "kill the migrator"]


@dataclass(frozen=True, slots=True)
class Release:
    """One push. *folders* are what it changes, below ``releases``; *trouble* is what happens beside it.

    A *good* one has to be live everywhere in the end; of one that is not, nothing. *how* is how its commit is made; *instead* takes back
    the commit before, which was never live.
    """

    title: str
    folders: tuple[str, ...]
    good: bool = True
    trouble: Trouble = ""
    how: Literal["copy", "repair", "revert"] = "copy"
    instead: bool = False


FIRST = Release("the first boot, three at once", ("00-first-boot",))
AGAIN = Release("the same, one after another", ("00-first-boot",))
"""What an operator tries when it did not come up: the same commit, one replica at a time."""
CHAIN = (
    Release("1 a new column, used at once, while reports read the table", ("01-new-column",), trouble="report"),
    Release("2 a concurrent index on a table with rows", ("02-concurrent-index",)),
    Release("3 a long backfill", ("03-long-backfill",)),
    Release("4 a rename: expand", ("04-expand",)),
    Release("4 a rename: switch", ("05-switch",)),
    Release("4 a rename: contract", ("06-contract",)),
    Release("5 a column that somebody dropped by hand", ("07-altered-by-hand",), good=False, trouble="drop a column"),
    Release("5 the same, repaired", (), how="repair"),
    Release("6 a migration that fails", ("09-fails",), good=False),
    Release("6 the same, mended", ("10-mended",)),
    Release("7 a release that crashes at boot", ("11-crashes",), good=False),
    Release("8 a scheduler that needs a new column", ("12-scheduler",), instead=True),
    Release("9 a rollback of that", (), how="revert"),
    Release("10 a killed migrator", ("12-scheduler", "14-killed"), trouble="kill the migrator"),
)  # fmt: skip
"""Ten releases; a rename is three pushes, and what did not go well is followed by what mends it."""
