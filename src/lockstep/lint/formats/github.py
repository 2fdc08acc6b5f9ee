"""A report as GitHub's workflow commands: each finding becomes an annotation of its line."""

from __future__ import annotations

from lockstep.lint.report import Report, Shown

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(report: Report) -> str:
    """Return one command a finding."""
    return "".join(_command(found) for found in report.findings())


def _command(shown: Shown) -> str:
    finding, region = shown.finding, shown.region
    properties = {
        "file": shown.file,
        "line": region.line,
        "endLine": region.end_line,
        "col": region.column,
        "endColumn": region.end_column,
        "title": f"lockstep: {finding.rule}",
    }
    if region.end_line != region.line:
        # GitHub takes columns only where they are of one line.
        del properties["col"], properties["endColumn"]
    given = ",".join(
        f"{name}={str(value).translate(_PROPERTY)}" for name, value in properties.items()
    )
    told = f"{finding.message}\n{finding.help}".rstrip()
    return f"::{finding.severity} {given}::{told.translate(_DATA)}\n"
