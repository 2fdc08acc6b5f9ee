"""A rule: one thing that a statement may do wrong, as a value, with its own examples beside it.

Each file of ``rules/`` holds one, named as the file is (``create_table.py`` is ``create-table``), and beside it lie
``create_table.bad.sql``, which the rule finds, and ``create_table.good.sql``, which it does not. Tests and the reference page
use the same two.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from lockstep.sql.finding import Kind, Severity
from lockstep.values import dataclass

_FOLDER = Path(__file__).with_name("rules")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule finds and says.

    ``message`` is the finding's one sentence, with ``{name}`` for the object that is meant; ``condition`` says when the rule
    applies, ``effect`` what happens then (with the SQLSTATE or the lock, as measured), ``workaround`` what to write instead.
    """

    name: str
    kind: Kind
    severity: Severity
    message: str
    condition: str
    effect: str
    workaround: str

    @property
    def bad(self) -> str:
        """SQL that the rule finds."""
        return self._example("bad")

    @property
    def good(self) -> str:
        """The same done well."""
        return self._example("good")

    def _example(self, word: str) -> str:
        file = _FOLDER / f"{self.name.replace('-', '_')}.{word}.sql"
        return file.read_text(encoding="utf-8")


class _Rules(Mapping[str, Rule]):
    """Imports each rule when it is first asked for: a run needs few of the hundred."""

    def __init__(self) -> None:
        files = os.listdir(_FOLDER)  # noqa: PTH208  # names are all that is wanted
        stems = (file.removesuffix(".py") for file in files if file.endswith(".py"))
        names = sorted(stem.replace("_", "-") for stem in stems if stem != "__init__")
        self._known: dict[str, Rule | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Rule:
        rule = self._known[name]
        if rule is None:
            module = importlib.import_module(f"lockstep.sql.rules.{name.replace('-', '_')}")
            rule = self._known[name] = module.RULE
        return rule

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@functools.cache
def rules() -> Mapping[str, Rule]:
    """Return all rules by name, in the order of their names."""
    return _Rules()
