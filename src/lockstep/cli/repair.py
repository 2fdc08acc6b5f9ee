"""``lockstep repair``: write the files that bring a database back, and tell what they do and what they leave."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lockstep.cli.invocation import settings_of

if TYPE_CHECKING:
    from lockstep.catalog.repair.choices import Choices
    from lockstep.catalog.repair.plan import Conflict, Left, Plan
    from lockstep.cli.arguments import Parser
    from lockstep.repairs import Repair

LEFT = 3
_TIMEOUT = 10.0
_SHOWN = 40
_FLAGS = {"drop": "--allow-drop", "retype": "--allow-retype"}
T = TypeVar("T")


def repair(options: argparse.Namespace) -> int:
    """``lockstep repair``; with ``--exit-code``, 3 if something is left that the files do not repair."""
    from lockstep.catalog.repair import script
    from lockstep.repairs import plan_repair

    choices = choices_of(options)
    settings = settings_of(options)
    against = options.against or str(settings.schema_lock)
    made = plan_repair(
        settings,
        against,
        choices,
        timeout=_TIMEOUT,
        with_seeds=options.with_seeds,
        with_rehearsal=not options.no_rehearsal,
    )
    file = Path(options.output) if options.output else settings.migrations / script.DEFAULT_NAME
    texts = _texts(made, file)
    if not options.dry_run:
        for path in texts:
            script.refuse_foreign(path)
        for path, text in texts.items():
            script.write(path, text)
    if options.json:
        print(json.dumps(_as_dict(made, texts, written=not options.dry_run)))
    elif options.dry_run:
        sys.stdout.write("\n".join(texts.values()))
        _tell(_report(made, texts, written=False), sys.stderr)
    else:
        _tell(_report(made, texts, written=True), sys.stdout)
    return LEFT if options.exit_code and _is_left(made.plan) else 0


def choices_of(options: argparse.Namespace) -> Choices:
    """Return what the flags allow; what is no name or no expression is a usage error."""
    from lockstep.catalog.repair.choices import Choices, read_backfill, read_pattern

    usage: Parser = options.parser

    def read(name: str, how: Callable[[str], T]) -> tuple[T, ...]:
        try:
            return tuple(how(text) for text in getattr(options, name, ()))
        except ValueError as error:
            usage.error(f"--{name.replace('_', '-')}: {error}")

    return Choices(
        read("allow_drop", read_pattern),
        read("allow_retype", read_pattern),
        read("quarantine", read_pattern),
        read("backfill", read_backfill),
    )


def _texts(made: Repair, file: Path) -> dict[Path, str]:
    """Return the files by their names; one of ours that has nothing to do any more is emptied, for the ledger knows it."""
    from lockstep.catalog.repair import script

    texts = script.texts(made.plan)
    found: dict[Path, str] = {}
    if "main" in texts:
        found[file] = texts["main"]
    later = script.later_name(file)
    if "later" in texts:
        found[later] = texts["later"]
    elif found and later.exists():
        found[later] = script.later_text(made.plan)
    if made.seeds:
        found[script.seeds_name(file)] = made.seeds
    return found


def _is_left(plan: Plan) -> bool:
    return bool(plan.left or plan.unread) or any(
        not conflict.answer.clean and not conflict.choice for conflict in plan.conflicts
    )


def _as_dict(made: Repair, texts: Mapping[Path, str], *, written: bool) -> dict[str, Any]:
    plan = made.plan
    return {
        "database": made.address,
        "before": plan.before,
        "after": plan.after,
        "differences": plan.differences,
        "files": [{"file": str(path), "text": text} for path, text in texts.items()],
        "written": written and bool(texts),
        "steps": [
            {
                "name": piece.about,
                "why": piece.why,
                "file": "later" if piece.part == "later" else "main",
                "sql": list(piece.actions),
                "destructive": piece.loses or None,
            }
            for piece in plan.pieces
        ],
        "conflicts": [conflict.as_dict() for conflict in plan.conflicts],
        "left": [left.as_dict() for left in plan.left],
        "unread": list(plan.unread),
        "rehearsal": plan.rehearsal or None,
        "unused": list(plan.unused),
        "seeds_missing": list(made.seeds_missing),
    }


def _tell(lines: Iterator[str], stream: Any) -> None:
    for line in lines:
        print(line, file=stream)


def _report(made: Repair, texts: Mapping[Path, str], *, written: bool) -> Iterator[str]:
    plan = made.plan
    count = plan.differences
    yield f"{made.address}: " + (
        "as it should be" if not count else f"{count} difference{'s' * (count != 1)}"
    )
    yield from _steps(plan)
    yield from _conflicts(plan.conflicts)
    yield from left_lines(plan.left)
    if plan.rehearsal:
        yield plan.rehearsal
    if plan.unread:
        yield f"not read, because others change it now: {', '.join(plan.unread)}"
    if plan.unused:
        yield f"named, but nothing differs there: {', '.join(plan.unused)}"
    if made.seeds_missing:
        yield f"seeds that were never applied (lockstep up does it): {', '.join(made.seeds_missing)}"
    if texts:
        names = " ".join(map(str, texts))
        yield f"{'written' if written else 'would be written'}: {names}"
        if written:
            yield _next(made.pending)


def _next(pending: int) -> str:
    by_hand = "psql -v ON_ERROR_STOP=1 -f FILE, in this order"
    if not pending:
        return f"next: read it, try it on a copy, then deploy it (lockstep up), or: {by_hand}"
    one = "1 migration is" if pending == 1 else f"{pending} migrations are"
    return f"next: read it, try it on a copy. {one} pending, and would run before it on the schema as it is: so first {by_hand}; then deploy"


def _steps(plan: Plan) -> Iterator[str]:
    if plan.pieces:
        yield f"repaired by {len(plan.pieces)} guarded statement{'s' * (len(plan.pieces) != 1)}:"
    for piece in plan.pieces[:_SHOWN]:
        yield f"  {piece.about}: {piece.why}"
        if piece.loses:
            yield f"    DESTRUCTIVE, and allowed: {piece.loses}"
    yield from _more(plan.pieces)


def _conflicts(conflicts: Sequence[Conflict]) -> Iterator[str]:
    found = [conflict for conflict in conflicts if not conflict.answer.clean]
    if found:
        yield "rows in the way (what they are in the way of is skipped until they are not):"
    for conflict in found[:_SHOWN]:
        yield f"  {conflict.question.about}: {conflict.question.kind}: {conflict.answer.text}"
        for row in conflict.answer.sample:
            yield f"    {json.dumps(row)}"
        yield "    " + (
            f"chosen: {conflict.choice}"
            if conflict.choice
            else f"choose: {'; '.join(conflict.question.choices)}"
        )
    yield from _more(found)


def left_lines(left: Sequence[Left]) -> Iterator[str]:
    """Yield what is left as it is, with the statements that a person may run."""
    if left:
        yield "left as it is:"
    for one in left[:_SHOWN]:
        size = "" if one.rows is None else f" (about {one.rows} rows)"
        flag = f" [{_FLAGS[one.need]}]" if one.need in _FLAGS else ""
        yield f"  {one.what} {one.name}{size}: {one.reason}{flag}"
        for statement in one.sql:
            yield f"    {statement}"
    yield from _more(left)


def _more(found: Sequence[object]) -> Iterator[str]:
    if len(found) > _SHOWN:
        yield f"  and {len(found) - _SHOWN} more: --json lists them"
