"""The analyser held against the server: which unsafe files it missed, which safe ones it calls wrong, and what its fixes did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.oracle import FileVerdict

Findings = Mapping[str, Sequence[Mapping[str, Any]]]
"""What ``lockstep lint --format json`` says, by file (relative to its project); a clean file may be absent."""


@dataclass(frozen=True)
class Comparison:
    """How a project's findings compare with its verdicts; files that do not apply count nowhere."""

    unsafe: Sequence[FileVerdict]
    safe: Sequence[FileVerdict]
    missed: Sequence[FileVerdict]
    false_alarms: Sequence[FileVerdict]

    @property
    def found(self) -> float:
        """Share of the unsafe files that carry an idempotence finding."""
        return 1 - len(self.missed) / len(self.unsafe) if self.unsafe else 1.0

    @property
    def alarmed(self) -> float:
        """Share of the safe files that carry an error."""
        return len(self.false_alarms) / len(self.safe) if self.safe else 0.0


@dataclass(frozen=True)
class FixComparison:
    """What the fixes did to a project's files.

    ``broken`` applied before and do not now; ``changed`` leave another schema or other row counts after one run; ``unsafe``
    still fail or diverge on a second run; ``silent`` are those of them without a finding.
    """

    applied: int
    broken: Sequence[FileVerdict]
    changed: Sequence[FileVerdict]
    unsafe: Sequence[FileVerdict]
    silent: Sequence[FileVerdict]


def compare(verdicts: Sequence[FileVerdict], findings: Findings) -> Comparison:
    """Hold *findings* against *verdicts*."""
    unsafe = [one for one in verdicts if one.verdict == "unsafe"]
    safe = [one for one in verdicts if one.verdict == "safe"]
    return Comparison(
        unsafe,
        safe,
        missed=[one for one in unsafe if not _has(findings, one, kind="idempotence")],
        false_alarms=[one for one in safe if _has(findings, one, severity="error")],
    )


def compare_fixed(
    before: Sequence[FileVerdict], after: Sequence[FileVerdict], findings: Findings
) -> FixComparison:
    """Hold the verdicts on the fixed files against those on the originals; *findings* are those on the fixed files."""
    applied = {one.file: one for one in before if one.verdict != "does-not-apply"}
    fixed = [one for one in after if one.file in applied]
    works = [one for one in fixed if one.verdict != "does-not-apply"]
    unsafe = [one for one in works if one.verdict == "unsafe"]
    return FixComparison(
        len(applied),
        broken=[one for one in fixed if one.verdict == "does-not-apply"],
        changed=[one for one in works if one.state != applied[one.file].state],
        unsafe=unsafe,
        silent=[one for one in unsafe if not _has(findings, one, kind="idempotence")],
    )


def _has(findings: Findings, verdict: FileVerdict, **wanted: str) -> bool:
    return any(wanted.items() <= finding.items() for finding in findings.get(verdict.file, ()))
