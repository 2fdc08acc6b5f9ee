"""A deploy as JSON: one object a line, with the name of what happened in ``event``."""

from __future__ import annotations

import json
from typing import Any

from lockstep.deploy.reports import Began, Ended, Finished, Planned, Report, Said


def render(report: Report) -> str:
    """Return the line."""
    found = {"event": type(report).__name__, **_fields(report)}
    return json.dumps(found, ensure_ascii=False) + "\n"


def _fields(report: Report) -> dict[str, Any]:
    match report:
        case Planned(plan):
            return {
                "commit": plan.commit,
                "stages": [stage.name for stage in plan.stages],
                "possible": plan.possible,
                "findings": [check.as_dict() for check in plan.findings],
                "steps": [step.as_dict() for step in plan.steps],
            }
        case Began(step):
            return {"step": step.name, "command": step.shown}
        case Said(step, line):
            return {"step": step.name, "line": line}
        case Ended():
            return _ended(report)
        case Finished():
            return _finished(report)


def _ended(report: Ended) -> dict[str, Any]:
    return {
        "step": report.step.name,
        "result": report.result,
        "seconds": round(report.seconds, 3),
        "saw": report.saw,
        "wanted": report.wanted,
        "todo": report.todo,
        "checks": [check.as_dict() for check in report.checks],
    }


def _finished(report: Finished) -> dict[str, Any]:
    return {
        "status": report.status,
        "commit": report.commit,
        "at": report.at,
        "why": report.why,
        "live": [
            {
                "stage": one.stage,
                "told": one.told,
                "commit": one.commit,
                "releases": [*one.releases],
            }
            for one in report.live
        ],
        "todo": [*report.todo],
    }
