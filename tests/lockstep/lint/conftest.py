"""A report made by hand, so that its formats can be read without the analyser's rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from lockstep.lint.findings import Linted
from lockstep.lint.report import Report
from lockstep.lint.rules import AROUND
from lockstep.lint.sources import File
from lockstep.sql.finding import Finding
from lockstep.sql.prepass import Prepared


@pytest.fixture
def report() -> Callable[..., Report]:
    """Make a report of files: name, text, findings."""

    def make(*files: tuple[str, str, Sequence[Finding]], strict: bool = False) -> Report:
        linted = [
            Linted(File(name, None, text.encode()), Prepared(text, (), text), tuple(findings))
            for name, text, findings in files
        ]
        return Report(linted, {rule.name: rule for rule in AROUND}, strict)

    return make
