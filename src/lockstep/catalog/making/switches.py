"""What is on, off, or on in some sessions only: triggers, rules and event triggers."""

from __future__ import annotations

from lockstep.catalog.fact import Fact
from lockstep.catalog.making import guards
from lockstep.catalog.making.step import Step
from lockstep.sql.objects import qualified, quoted

STATES = {"disabled": ("DISABLE", "D"), "replica": ("ENABLE REPLICA", "R"), "always": ("ENABLE ALWAYS", "A"), None: ("ENABLE", "O")}  # fmt: skip
"""The words that bring each state about, and the letter that the catalogs have for it."""


def switched(fact: Fact, kind: str, catalog: str, row: str, letter_column: str) -> Step:
    """Bring a table's trigger or rule, *kind* in SQL, into the state that it should have; *row* finds it in *catalog*."""
    words, letter = STATES[fact.body.get("enabled")]
    action = f"ALTER TABLE {qualified(*fact.path[:2])} {words} {kind} {quoted(fact.path[2])}"
    return Step(fact, action, guards.exists(catalog, row, f"{letter_column} <> '{letter}'"))
