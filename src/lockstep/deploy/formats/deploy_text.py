"""A deploy for people: the plan, a line a step, and in the end what is live and what to run."""

from __future__ import annotations

from collections import deque

from lockstep.deploy.checks import Check
from lockstep.deploy.formats import text
from lockstep.deploy.plan import Plan, Step
from lockstep.deploy.reports import Began, Ended, Finished, Planned, Report, Said
from lockstep.durations import format_duration
from lockstep.palette import Palette

_TOLD_AT_ONCE = frozenset({"push", "command", "railway", "verify", "commit"})
_LAST_LINES = 40
_WIDTH = 18


class Text:
    """Turns reports into text, one after the other. What a check of the preflight writes is shown where it fails."""

    def __init__(self, palette: Palette, *, verbose: bool = False) -> None:
        self._palette = palette
        self._verbose = verbose
        self._held: deque[str] = deque(maxlen=_LAST_LINES)

    def render(self, report: Report) -> str:
        """Return the text of *report*; empty where there is nothing to tell."""
        lines = self._lines(report)
        return "".join(f"{line}\n" for line in lines)

    def _lines(self, report: Report) -> list[str]:
        match report:
            case Planned(plan):
                return self._plan(plan)
            case Began(step):
                self._held.clear()
                return [f"{self._palette.yellow('>')} {step.name:<{_WIDTH}}{step.shown}"]
            case Said(step, line):
                return self._said(step, line)
            case Ended():
                return self._ended(report)
            case Finished():
                return self._finished(report)

    def _plan(self, plan: Plan) -> list[str]:
        names = ", then ".join(stage.name for stage in plan.stages)
        commit = "what is here" if plan.commit == "HEAD" else plan.commit[:7]
        lines = [f"{commit} to {names}:"]
        lines += [line for check in plan.findings for line in self._check(check)]
        return [*lines, *(self._planned(step) for step in plan.steps)]

    def _check(self, check: Check) -> list[str]:
        return text.lines_of(check, _WIDTH, self._palette)

    def _planned(self, step: Step) -> str:
        if step.done:
            return self._palette.dim(f"- {step.name:<{_WIDTH}}{step.shown}   # {step.done}")
        return f"  {step.name:<{_WIDTH}}{step.shown}"

    def _said(self, step: Step, line: str) -> list[str]:
        if self._verbose or step.kind in _TOLD_AT_ONCE:
            return [self._palette.dim(f"  | {line}")]
        self._held.append(line)
        return []

    def _ended(self, report: Ended) -> list[str]:
        name, palette = f"{report.step.name:<{_WIDTH}}", self._palette
        took = palette.dim(f" ({format_duration(report.seconds)})")
        if report.result == "skipped":
            return [palette.dim(f"- {name}{report.saw}")]
        if report.result == "done":
            return [f"{palette.green('✓')} {name}{report.saw}{took}"]
        lines = [f"  | {line}" for line in self._held]
        lines += [line for check in report.checks for line in self._check(check)]
        lines.append(f"{palette.red('✗')} {name}{report.saw}{took}")
        indent = " " * (_WIDTH + 2)
        lines += [f"{indent}wanted  {report.wanted}"] if report.wanted else []
        return [*lines, f"{indent}next    {report.todo}"] if report.todo else lines

    def _finished(self, report: Finished) -> list[str]:
        palette, at = self._palette, f" at {report.at}" if report.at else ""
        commit = "" if report.commit in {"", "HEAD"} else f" {report.commit[:7]}"
        head = {
            "planned": "nothing was done: this is the plan",
            "deployed": palette.green(f"deployed{commit}"),
            "failed": palette.red(f"not deployed{commit}: failed{at}"),
            "declined": palette.red(f"not deployed{commit}: not confirmed{at}"),
            "interrupted": palette.red(f"not deployed{commit}: {report.why}{at}"),
        }[report.status]
        width = max((len(one.stage) for one in report.live), default=0)
        lines = ["", head]
        if report.status == "failed" and report.why:
            lines.append(f"  why   {report.why}")
        lines += [f"  live  {one.stage:<{width}}  {one.told}" for one in report.live]
        return [*lines, *(f"  next  {line}" for line in report.todo)]
