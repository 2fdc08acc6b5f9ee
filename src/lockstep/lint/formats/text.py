"""A report for people: each finding with its line and a caret under what is meant, and a count at the end."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.lint.report import Report, Shown
from lockstep.palette import Palette
from lockstep.position import excerpt

_SURROUNDINGS = 1000


def render(report: Report, palette: Palette) -> str:
    """Return all findings, without the summary."""
    return "".join(f"{_finding(found, palette)}\n\n" for found in report.findings())


def summary(report: Report, palette: Palette) -> str:
    """Return the last line: how many findings in how many files, and what can be done about them."""
    found = [finding for linted in report.files for finding in linted.findings]
    files = len(report.files)
    if not files:
        return "there is no file to lint"
    if not found:
        return palette.green(f"{_count(files, 'file')} {'is' if files == 1 else 'are'} clean")
    errors = sum(finding.severity == "error" for finding in found)
    fixable = sum(finding.fixable for finding in found)
    counts = [_count(errors, "error")] * bool(errors)
    counts += [_count(len(found) - errors, "warning")] * (len(found) > errors)
    touched = sum(bool(linted.findings) for linted in report.files)
    line = f"{' and '.join(counts)} in {touched} of {_count(files, 'file')}"
    colour = palette.red if report.failed else palette.yellow
    if fixable:
        return f"{colour(line)}; --fix cures {fixable} of them, --diff shows how"
    return colour(line)


def _finding(shown: Shown, palette: Palette) -> str:
    return "\n".join(_lines(shown, palette))


def _lines(shown: Shown, palette: Palette) -> Iterator[str]:
    finding, region = shown.finding, shown.region
    error = finding.severity == "error"
    rule = palette.red(finding.rule) if error else palette.yellow(f"{finding.rule} (warning)")
    place = f"{_calm(shown.file)}:{region.line}:{region.column}"
    yield f"{place}: {rule}: {_calm(finding.message)}"
    one_line = region.end_line == region.line
    last = region.end_column if one_line else len(shown.line.rstrip()) + 1
    # Of a line without end only the surroundings are looked at.
    cut = max(0, region.column - _SURROUNDINGS)
    line = shown.line[cut : region.column + _SURROUNDINGS]
    yield excerpt(line, region.column - cut, region.line, last - region.column)
    for number, line in enumerate(finding.help.splitlines()):
        yield ("              " if number else "      = help: ") + _calm(line)
    if finding.fixable:
        yield palette.dim("      = --fix does it")
    elif finding.unfixable:
        yield palette.dim(f"      = --fix cannot: {_calm(finding.unfixable)}")


def _calm(text: str) -> str:
    """Return *text* without what would move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "·" for character in text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
