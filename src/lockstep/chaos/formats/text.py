"""An outcome for people: a table of the rounds, then the verdict, or the counter-example with what is needed to see it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from lockstep.chaos.values import CLAIMS, Happening, Outcome, Played, Violation
from lockstep.durations import format_duration
from lockstep.palette import Palette

_HEAD = ("round", "disturbed", "starts", "ended with", "ready after", "")


def render(outcome: Outcome, palette: Palette) -> str:
    """Return all lines."""
    wanted = outcome.wanted
    pooler = " behind pgbouncer" if outcome.pooled else ""
    lines = [
        f"{_many(wanted.copies, 'copy', 'copies')}, {_many(wanted.rounds, 'round', 'rounds')}, seed {wanted.seed}, PostgreSQL {outcome.server}{pooler}"
        + (f", disturbed for {format_duration(outcome.window)}" if outcome.window else ""),
        *_table(outcome, palette),
    ]
    if outcome.holds:
        lines.append(palette.green(_verdict(outcome)))
    else:
        for number, one in enumerate(outcome.violations):
            lines += _violation(one, palette, log=number == 0 or bool(one.log))
        if outcome.failed_round:
            lines += _plan(outcome)
        lines.append(f"again: {outcome.replay}")
    return "\n".join([*lines, ""])


def happening_line(one: Happening) -> str:
    """Return one line for something that happened."""
    where = f"round {one.round}" if one.round else "undisturbed"
    who = f"copy {one.copy}: " if one.copy else ""
    return f"{where} {one.seconds:7.3f} s  {who}{one.what}"


def _verdict(outcome: Outcome) -> str:
    disturbed = sum(len(one.plan) for one in outcome.rounds)
    starts = sum(one.launches for one in outcome.rounds)
    return (
        f"holds: {starts} starts, {_many(disturbed, 'disturbance', 'disturbances')}; {_many(outcome.files, 'file', 'files')} each applied once, nothing answered too early,"
        " all ready in the end, nothing left behind"
    )


def _table(outcome: Outcome, palette: Palette) -> Iterator[str]:
    rows = [_HEAD, *(_row(one) for one in (outcome.undisturbed, *outcome.rounds))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield palette.dim(line.rstrip()) if number == 0 else line.rstrip()


def _row(played: Played) -> tuple[str, ...]:
    kinds: Counter[str] = Counter(one.kind for one in played.plan)
    return (
        str(played.number) if played.number else "none",
        _counted(kinds) or "by nobody",
        str(played.launches),
        _counted(played.ends) or "-",
        format_duration(played.seconds) if not played.violations else "-",
        "fails" if played.violations else "holds" if played.number else "",
    )


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


def _violation(one: Violation, palette: Palette, *, log: bool) -> Iterator[str]:
    who = f"copy {one.copy}, {one.seconds:.2f} s: " if one.copy else ""
    yield f"{palette.red('does not hold')}: {CLAIMS[one.claim]}"
    yield f"    {who}{one.what}"
    if log and one.log:
        yield "    its last lines:"
        yield from (palette.dim(f"      {line}") for line in one.log)


def _plan(outcome: Outcome) -> Iterator[str]:
    (played,) = [one for one in outcome.rounds if one.number == outcome.failed_round]
    told = "; ".join(one.told(outcome.window) for one in played.plan)
    yield f"round {played.number} was disturbed by: {told}"
