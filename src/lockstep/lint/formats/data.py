"""A report as one JSON array, empty where nothing was found. The keys are part of the public contract."""

from __future__ import annotations

import json
from typing import Any

from lockstep.lint.report import Report, Shown


def render(report: Report) -> str:
    """Return the array, one finding a line."""
    objects = [json.dumps(_object(found)) for found in report.findings()]
    return "[" + ",\n ".join(objects) + "]\n"


def _object(shown: Shown) -> dict[str, Any]:
    finding, region = shown.finding, shown.region
    return {
        "file": shown.file,
        "line": region.line,
        "column": region.column,
        "end_line": region.end_line,
        "end_column": region.end_column,
        "rule": finding.rule,
        "kind": finding.kind,
        "severity": finding.severity,
        "message": finding.message,
        "help": finding.help,
        "fixable": finding.fixable,
    }
