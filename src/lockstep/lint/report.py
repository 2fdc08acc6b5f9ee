"""What a run found, as one value that every format renders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lockstep.lint.findings import Linted
from lockstep.lint.places import Lines, Region
from lockstep.lint.rules import AnyRule
from lockstep.sql.finding import Finding
from lockstep.values import dataclass


class Shown(NamedTuple):
    """A finding with its place as people count, and the line that it begins in."""

    file: str
    region: Region
    line: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Report:
    """The files of a run with what was found in them; ``strict``: warnings fail it too."""

    files: Sequence[Linted]
    rules: Mapping[str, AnyRule]
    strict: bool = False

    def findings(self) -> Iterator[Shown]:
        """Yield all findings, file by file."""
        for linted in self.files:
            yield from shown(linted)

    def fails(self, finding: Finding) -> bool:
        """True if a finding is reason enough for exit status 1."""
        return self.strict or finding.severity == "error"

    @property
    def failed(self) -> bool:
        """True if any finding is."""
        return any(self.fails(finding) for linted in self.files for finding in linted.findings)


def shown(linted: Linted) -> Iterator[Shown]:
    """Yield the findings of one file."""
    if linted.findings:
        lines = Lines(linted.prepared.original)
        for finding in linted.findings:
            region = lines.region(finding)
            yield Shown(linted.file.name, region, lines.line(region.line), finding)
