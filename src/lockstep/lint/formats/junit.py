"""A report as JUnit's XML: a suite a file, a case a finding; a clean file is one case that passed."""

from __future__ import annotations

from lockstep.lint.findings import Linted
from lockstep.lint.report import Report, Shown, shown
from lockstep.xml import attribute, content


def render(report: Report) -> str:
    """Return the document; warnings that do not fail the run are cases that passed, with their words."""
    suites = [_suite(linted, report) for linted in report.files]
    failures = sum(report.fails(one) for linted in report.files for one in linted.findings)
    tests = sum(max(1, len(linted.findings)) for linted in report.files)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="lockstep lint" tests="{tests}" failures="{failures}">',
            *suites,
            "</testsuites>\n",
        ]
    )


def _suite(linted: Linted, report: Report) -> str:
    name = attribute(linted.file.name)
    cases = [_case(found, report) for found in shown(linted)]
    failures = sum(report.fails(finding) for finding in linted.findings)
    cases = cases or [f'    <testcase name="clean" classname={name}/>']
    head = f'  <testsuite name={name} tests="{len(cases)}" failures="{failures}" errors="0">'
    return "\n".join([head, *cases, "  </testsuite>"])


def _case(found: Shown, report: Report) -> str:
    finding, region = found.finding, found.region
    name = attribute(f"{finding.rule} at {region.line}:{region.column}")
    told = content(f"{found.file}:{region.line}:{region.column}: {finding.message}\n{finding.help}")
    if report.fails(finding):
        inside = f"<failure type={attribute(finding.rule)} message={attribute(finding.message)}>{told}</failure>"
    else:
        inside = f"<system-out>{told}</system-out>"
    file = attribute(found.file)
    return f'    <testcase name={name} classname={file} file={file} line="{region.line}">{inside}</testcase>'
