"""An error as text for people; its JSON is ``LockstepError.as_dict``."""

from __future__ import annotations

import re
import textwrap

from lockstep.cli.colour import Palette
from lockstep.errors import LockstepError, NeedsUnmet, Problem, Refused, SchemaDrifted

_LABEL_WIDTH = 7
_TABLE = re.compile(
    r"^(?:table|an? (?:unique )?index on|a foreign key from) (?P<table>\S+)|^column (?P<of>\S+)\."
)

_NAME = r"""(?:"(?:[^"]|"")*"|[^\s."]+)"""
_DRIFTED = re.compile(
    rf"""(?:table|column|constraint|trigger|policy) {_NAME}\.(?:(?P<plain>[^\s."]+)|"(?P<quoted>(?:[^"]|"")*)")"""
)


def render_error(error: LockstepError, palette: Palette, *, untouched: bool = False) -> str:
    """Return the panel that ends a failed command: what, where, why, next.

    *untouched*: a refusal may say that nothing was changed.
    """
    title = error.title + (
        "; nothing was changed" if untouched and isinstance(error, Refused) else ""
    )
    lines = [palette.red(f"{error.code} {title}") + f" (exit status {error.exit_status})"]
    lines += _part("what", error.what)
    if error.place is not None:
        lines += _part("where", str(error.place))
        lines += _indented(error.place.excerpt)
    for problem in error.problems:
        lines += _problem(problem, palette)
    lines += _part("why", error.why)
    lines += _part("next", error.next_step)
    return "\n".join(lines)


def unmet_lines(error: NeedsUnmet | SchemaDrifted) -> list[str]:
    """Return the line that operators search for, one a table that lacks something."""
    read = _drifted_table if isinstance(error, SchemaDrifted) else _table_of
    tables = dict.fromkeys(read(problem) for problem in error.problems)
    return [f"❌ {table.capitalize()} table schema is not ready" for table in tables if table]


def _table_of(problem: Problem) -> str:
    """Read the table out of "service 'x' needs column content.lease_until", or "needs an index on content (due_at)"."""
    found = _TABLE.search(problem.what.partition(" needs ")[2])
    return (found["table"] or found["of"]) if found else ""


def _drifted_table(problem: Problem) -> str:
    """Read the table out of "column public.content.lease_until is missing"."""
    found = _DRIFTED.match(problem.what)
    return (found["plain"] or found["quoted"]) if found else ""


def _problem(problem: Problem, palette: Palette) -> list[str]:
    place = f"{problem.place}: " if problem.place and problem.place.file else ""
    lines = textwrap.wrap(
        f"{place}{problem.what}",
        110,
        initial_indent="  - ",
        subsequent_indent="    ",
        break_long_words=False,
    )
    if problem.place is not None and problem.place.excerpt:
        lines += _indented(problem.place.excerpt)
    if problem.next_step:
        lines += [palette.dim(f"    {line}") for line in problem.next_step.splitlines()]
    return lines


def _part(label: str, text: str) -> list[str]:
    if not text:
        return []
    first, *rest = text.splitlines()
    pad = " " * (_LABEL_WIDTH + 2)
    return [f"  {label:<{_LABEL_WIDTH}}{first}", *(pad + line for line in rest)]


def _indented(excerpt: str) -> list[str]:
    return ["         " + line for line in excerpt.splitlines()]
