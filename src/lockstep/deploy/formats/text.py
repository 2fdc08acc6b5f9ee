"""A verification for people: a line a check, and under what fails what was wanted and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.deploy.checks import Check, verified
from lockstep.palette import Palette


def render(checks: Sequence[Check], url: str, palette: Palette) -> str:
    """Return all checks, and the verdict."""
    width = max(len(check.name) for check in checks)
    lines = [line for check in checks for line in lines_of(check, width, palette)]
    failed = sum(check.result == "fails" for check in checks)
    left = sum(check.result == "skipped" for check in checks)
    verdict = palette.green("verified") if verified(checks) else palette.red("not verified")
    lines.append(
        f"{url}: {verdict}: {len(checks) - failed - left} hold, {failed} fail, {left} were not looked at"
    )
    return "\n".join(lines) + "\n"


def lines_of(check: Check, width: int, palette: Palette) -> list[str]:
    """Return the lines of one check, its name in *width* characters."""
    name = check.name.ljust(width)
    if check.result == "holds":
        return [f"{palette.green('✓')} {name}  {check.saw}"]
    if check.result == "skipped":
        todo = f" ({check.todo})" if check.todo else ""
        return [palette.dim(f"- {name}  {check.saw}{todo}")]
    indent = " " * (width + 4)
    lines = [f"{palette.red('✗')} {name}  {check.saw}", f"{indent}wanted  {check.wanted}"]
    return [*lines, f"{indent}next    {check.todo}"] if check.todo else lines
