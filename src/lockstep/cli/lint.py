"""``lockstep lint``: SQL files are judged, and fixed, without a database."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TextIO

from lockstep.cli.arguments import Parser
from lockstep.cli.colour import palette_for
from lockstep.cli.invocation import settings_of
from lockstep.lint import fixing
from lockstep.lint.findings import Choice, Linted, Linter
from lockstep.lint.formats import text
from lockstep.lint.report import Report
from lockstep.lint.rules import AnyRule, explained, known_rules
from lockstep.lint.sources import (
    STDIN,
    STDIN_NAME,
    History,
    NotFound,
    Places,
    read_histories,
)

FOUND = 1


def lint(options: argparse.Namespace) -> int:
    """``lockstep lint``: exit 0 if clean, 1 with findings, 2 for what cannot be read or written."""
    usage: Parser = options.parser
    if options.json and options.format not in {None, "json"}:
        usage.error(f"--json is --format json, and --format is {options.format}")
    form = "json" if options.json else options.format or "text"
    if options.diff and form != "text":
        usage.error(f"--diff shows a diff, not {form}")
    rules = known_rules()
    _check_names(
        [*options.select, *options.exclude, *filter(None, [options.explain])], rules, usage
    )
    if options.explain:
        _write(sys.stdout, explained(rules[options.explain]) + "\n")
        return 0
    try:
        return _lint(options, form, rules)
    except (NotFound, fixing.NotWritten) as problem:
        usage.error(str(problem))


def _lint(options: argparse.Namespace, form: str, rules: Mapping[str, AnyRule]) -> int:
    settings = settings_of(options, offline=True)
    choice = Choice(frozenset(options.select), frozenset(options.exclude))
    linter = Linter(settings.server_version, rules, choice)
    places = Places(settings.root, settings.migrations, settings.seeds)
    histories = read_histories(options.paths, places, _stdin(options))
    if options.diff:
        return _diff(linter, histories, options)
    if not options.fix:
        return _report(linter.lint(histories), sys.stdout, form, rules, options)
    fixed, linted = fixing.fix(linter, histories)
    for _, file in fixing.changes(histories, fixed):
        fixing.write(file)
    from_stdin = [one.file for one in linted if one.file.path is None]
    for file in from_stdin:
        _write_bytes(sys.stdout, file.raw)
    return _report(linted, sys.stderr if from_stdin else sys.stdout, form, rules, options)


def _diff(linter: Linter, histories: Sequence[History], options: argparse.Namespace) -> int:
    """Show what ``--fix`` would do; exit as if it had not been done."""
    fixed, _ = fixing.fix(linter, histories)
    changed = list(fixing.changes(histories, fixed))
    for before, after in changed:
        _write_bytes(sys.stdout, fixing.unified_diff(before, after))
    report = Report(linter.lint(histories), {}, options.strict)
    if not options.quiet:
        _write(sys.stderr, text.summary(report, palette_for(sys.stderr)) + "\n")
    return FOUND if changed or report.failed else 0


def _report(
    linted: Sequence[Linted],
    stream: TextIO,
    form: str,
    rules: Mapping[str, AnyRule],
    options: argparse.Namespace,
) -> int:
    report = Report(linted, rules, options.strict)
    if form == "text":
        palette = palette_for(stream)
        _write(stream, text.render(report, palette))
        if not options.quiet:
            _write(stream, text.summary(report, palette) + "\n")
    else:
        _write(stream, _renderer(form)(report))
    return FOUND if report.failed else 0


def _renderer(form: str) -> Callable[[Report], str]:
    # Only the one that is asked for is imported: some need hashes, or the grammar of addresses.
    if form == "sarif":
        from lockstep.lint.formats import sarif

        return sarif.render
    from lockstep.lint.formats import data, github, junit

    return {"json": data.render, "github": github.render, "junit": junit.render}[form]


def _stdin(options: argparse.Namespace) -> tuple[str, bytes] | None:
    if STDIN not in options.paths:
        return None
    return options.stdin_filename or STDIN_NAME, sys.stdin.buffer.read()


def _check_names(names: Iterable[str], rules: Mapping[str, AnyRule], usage: Parser) -> None:
    for name in names:
        if name not in rules:
            near = difflib.get_close_matches(name, rules, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(rules)}"
            usage.error(f"there is no rule {name!r}; {hint}")


def _write(stream: TextIO, shown: str) -> None:
    # Names of files need not be text; what cannot be shown is spelled out.
    _write_bytes(stream, shown.encode("utf-8", "backslashreplace"))


def _write_bytes(stream: TextIO, raw: bytes) -> None:
    stream.flush()
    stream.buffer.write(raw)
    stream.buffer.flush()
