"""A proof as JUnit's XML: a suite a file, a case a check."""

from __future__ import annotations

import re

from lockstep.prove.verdicts import Check, FileVerdict, Proof

_ENTITIES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    head = f'  <testsuite name={_attribute(name)} tests="{len(cases)}" failures="{failures}" errors="0">'
    return "\n".join([head, *cases, "  </testsuite>"])


def _case(file: str, name: str, check: Check) -> str:
    opening = f"    <testcase name={_attribute(name)} classname={_attribute(file)}"
    if check.result == "skipped":
        return f"{opening}><skipped message={_attribute(check.reason)}/></testcase>"
    if check.good:
        return f"{opening}/>"
    place = f"{file}:{check.line}" if check.line else file
    body = _escaped(f"{place}\n{check.statement}")
    return f"{opening}><failure message={_attribute(check.reason)}>{body}</failure></testcase>"


def _attribute(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text).translate(_ENTITIES)
