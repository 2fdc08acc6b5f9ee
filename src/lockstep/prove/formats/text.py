"""A proof for people: each file that is not proven with what was shown of it, and a count at the end."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.palette import Palette
from lockstep.prove.observe import Change
from lockstep.prove.verdicts import FileVerdict, Proof

_MOST_LINES = 6


def render(proof: Proof, palette: Palette) -> str:
    """Return what is to be said of the files and of the history, then the summary."""
    lines = [line for one in proof.files for line in _file(one, palette)]
    for name, check in proof.history.items():
        if not check.good:
            lines += [f"{palette.red('history')}: {name}: {check.reason}", *_change(check.change)]
    for table, why in proof.unfilled.items():
        lines.append(palette.dim(f"{table} got no rows: {why}"))
    return "\n".join([*lines, summary(proof, palette), ""])


def summary(proof: Proof, palette: Palette) -> str:
    """Return the last line: how many files are proven, and how many are not."""
    count = len(proof.files)
    if not count:
        return "there is no file to prove"
    counts = proof.as_dict()["summary"]
    told = f"{counts['proven']} of {count} file{'s' * (count != 1)} proven"
    wrong = [f"{counts[word]} {word}" for word in ("unsafe", "fails") if counts[word]]
    line = ", ".join([told, *wrong]) + f" (PostgreSQL {proof.server}, {proof.seconds:.1f} s)"
    return palette.green(line) if proof.proven else palette.red(line)


def progress_line(number: int, total: int, verdict: FileVerdict) -> str:
    """Return one line for a file that was judged."""
    return f"{number}/{total} {verdict.subject.name}: {verdict.verdict}"


def _file(one: FileVerdict, palette: Palette) -> Iterator[str]:
    applies = one.checks["applies"]
    if one.verdict == "proven" and applies.rows not in ("", "ok"):
        yield f"{palette.yellow('note')}: {one.subject.name}: applied to tables with rows it {applies.rows}"
    crash = one.checks["crash"]
    if crash.of and crash.good:
        yield f"{palette.yellow('note')}: {one.subject.name}: crash: {crash.reason}"
    if one.verdict == "proven":
        return
    for name, check in one.checks.items():
        if check.good:
            continue
        place = f":{check.line}" if check.line else ""
        word = palette.red(check.result)
        yield f"{word}: {one.subject.name}{place}: {name}: {check.reason}"
        if check.statement:
            yield f"    {palette.dim(check.statement)}"
        yield from _change(check.change)


def _change(change: Change | None) -> Iterator[str]:
    if change is None:
        return
    lines = list(change.schema)
    for rows in change.rows:
        lines.append(str(rows))
        lines += [f"  - {row}" for row in rows.gone]
        lines += [f"  + {row}" for row in rows.new]
    yield from (f"    {line}" for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        yield f"    ... and {len(lines) - _MOST_LINES} more lines: --json shows them"
