"""A verification as JUnit's XML: one suite, a case a check."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.deploy.checks import Check
from lockstep.xml import attribute, content


def render(checks: Sequence[Check], url: str) -> str:
    """Return the document."""
    failures = sum(check.result == "fails" for check in checks)
    left = sum(check.result == "skipped" for check in checks)
    counts = f'tests="{len(checks)}" failures="{failures}" skipped="{left}" errors="0"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuite name={attribute(f'lockstep verify {url}')} {counts}>",
        *map(_case, checks),
        "</testsuite>\n",
    ]
    return "\n".join(lines)


def _case(check: Check) -> str:
    opening = f'  <testcase name={attribute(check.name)} classname="verify"'
    if check.result == "skipped":
        return f"{opening}><skipped message={attribute(check.saw)}/></testcase>"
    if check.result == "holds":
        return f"{opening}><system-out>{content(check.saw)}</system-out></testcase>"
    body = content(f"wanted: {check.wanted}\nnext: {check.todo}")
    return f"{opening}><failure message={attribute(check.saw)}>{body}</failure></testcase>"
