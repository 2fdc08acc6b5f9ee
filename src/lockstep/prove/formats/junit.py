"""A proof as JUnit's XML: a suite a file, a case a check."""

from __future__ import annotations

from lockstep.prove.verdicts import Check, FileVerdict, Proof
from lockstep.xml import attribute, content


def render(proof: Proof) -> str:
    """Return the document."""
    suites = [_suite(one.subject.name, _cases(one)) for one in proof.files]
    if proof.history:
        cases = [_case("history", name, check) for name, check in proof.history.items()]
        suites.append(_suite("history", cases))
    checks = [check for one in proof.files for check in one.checks.values()]
    checks += proof.history.values()
    failures = sum(not check.good for check in checks)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="lockstep prove" tests="{len(checks)}" failures="{failures}" time="{proof.seconds:.3f}">',
            *suites,
            "</testsuites>\n",
        ]
    )


def _cases(one: FileVerdict) -> list[str]:
    return [_case(one.subject.name, name, check) for name, check in one.checks.items()]


def _suite(name: str, cases: list[str]) -> str:
    failures = sum("<failure" in case for case in cases)
    head = f'  <testsuite name={attribute(name)} tests="{len(cases)}" failures="{failures}" errors="0">'
    return "\n".join([head, *cases, "  </testsuite>"])


def _case(file: str, name: str, check: Check) -> str:
    opening = f"    <testcase name={attribute(name)} classname={attribute(file)}"
    if check.result == "skipped":
        return f"{opening}><skipped message={attribute(check.reason)}/></testcase>"
    if check.good:
        return f"{opening}/>"
    place = f"{file}:{check.line}" if check.line else file
    body = content(f"{place}\n{check.statement}")
    return f"{opening}><failure message={attribute(check.reason)}>{body}</failure></testcase>"
