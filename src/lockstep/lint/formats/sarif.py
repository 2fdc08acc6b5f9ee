"""A report as SARIF 2.1.0 (OASIS), which code scanning services take."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from lockstep import __version__
from lockstep.lint.report import Report, Shown
from lockstep.lint.rules import AnyRule

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def render(report: Report) -> str:
    """Return the log: one run with its rules, and a result for each finding."""
    # A finding names its rule by number, so a rule that nobody has described gets one too.
    found = list(report.findings())
    names = list(dict.fromkeys([*report.rules, *(shown.finding.rule for shown in found)]))
    driver = {
        "name": "lockstep",
        "semanticVersion": __version__,
        "rules": [_rule(name, report.rules.get(name)) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(shown, names.index(shown.finding.rule)) for shown in found],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str, text: AnyRule | None) -> dict[str, Any]:
    if text is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": text.condition},
        "fullDescription": {"text": f"{text.condition} {text.effect}"},
        "help": {"text": text.workaround},
        "defaultConfiguration": {"level": text.severity},
        "properties": {"tags": [text.kind]},
    }


def _result(shown: Shown, number: int) -> dict[str, Any]:
    finding, region = shown.finding, shown.region
    return {
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": finding.severity,
        "message": {"text": f"{finding.message}\n{finding.help}".rstrip()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(shown.file)},
                    "region": {
                        "startLine": region.line,
                        "startColumn": region.column,
                        "endLine": region.end_line,
                        "endColumn": region.end_column,
                    },
                }
            }
        ],
        "partialFingerprints": {"ruleAndLine/v1": _fingerprint(shown)},
    }


def _uri(file: str) -> str:
    if PurePosixPath(file).is_absolute():
        return Path(file).as_uri()
    return quote(file, errors="surrogateescape")


def _fingerprint(shown: Shown) -> str:
    """Return what stays the same when lines above are inserted or taken away."""
    same = "\n".join([shown.file, shown.finding.rule, shown.line.strip()])
    return hashlib.sha256(same.encode(errors="surrogateescape")).hexdigest()
