"""A rule: one thing that a statement may do wrong, as a value, with its own examples beside it.

Each file of ``rules/`` holds one, named as the file is (``create_table.py`` is ``create-table``), and beside it lie
``create_table.bad.sql``, which the rule finds, and ``create_table.good.sql``, which it does not. Tests and the reference page
use the same two.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
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


@functools.cache
def rules() -> Mapping[str, Rule]:
    """Return all rules by name, in the order of their names."""
    modules = sorted(file.stem for file in _FOLDER.glob("*.py") if file.stem != "__init__")
    found = (importlib.import_module(f"lockstep.sql.rules.{name}").RULE for name in modules)
    return {rule.name: rule for rule in found}
