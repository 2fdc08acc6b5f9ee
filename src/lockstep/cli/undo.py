"""``lockstep undo`` and ``lockstep new --from``: the planner of repairs between two points of a history."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep.cli.invocation import settings_of
from lockstep.cli.repair import choices_of, left_lines
from lockstep.errors import ConfigurationWrong

if TYPE_CHECKING:
    from lockstep.catalog.repair.plan import Plan


def undo(options: argparse.Namespace) -> int:
    """``lockstep undo --to FILE``: show the way back, or go it."""
    from lockstep.catalog.repair.script import migration_texts
    from lockstep.histories import execute_undo, plan_undo

    settings = settings_of(options)
    plan, names = plan_undo(settings, Path(options.to).name)
    texts = migration_texts(plan, f"go back to {Path(options.to).name}")
    if options.execute:
        execute_undo(settings, plan, names)
    if options.output:
        _write(Path(options.output), "\n".join(texts))
    if options.json:
        lost = [piece.loses for piece in plan.pieces if piece.loses]
        found = {"files": list(names), "sql": texts, "destructive": lost}
        print(json.dumps({**found, "executed": options.execute, **_left(plan)}))
        return 0
    if not options.output and not options.execute:
        sys.stdout.write("\n".join(texts))
    for piece in plan.pieces:
        if piece.loses:
            print(f"DESTRUCTIVE: {piece.about}: {piece.loses}", file=sys.stderr)
    for line in left_lines(plan.left):
        print(line, file=sys.stderr)
    done = "taken back" if options.execute else "to be taken back"
    print(f"{done}: {', '.join(names) or 'nothing'}", file=sys.stderr)
    return 0


def new_from(options: argparse.Namespace) -> int:
    """``lockstep new NAME --from TARGET``: write the migrations that lead there."""
    from lockstep.catalog.repair.script import migration_texts
    from lockstep.histories import plan_target
    from lockstep.migrate.new_file import next_file

    choices = choices_of(options)
    settings = settings_of(options, offline=True)
    plan = plan_target(settings, options.target, choices)
    why = options.name.replace("_", " ")
    files: list[Path] = []
    for text in migration_texts(plan, why):
        name = f"{options.name} behind it" if files else options.name
        files.append(next_file(settings.migrations, name, seed=False, text=text))
    if options.json:
        print(json.dumps({"files": list(map(str, files)), **_left(plan)}))
        return 0
    for file in files:
        print(file)
    if not files:
        print("nothing to write: the migrations add up to it", file=sys.stderr)
    for line in left_lines(plan.left):
        print(line, file=sys.stderr)
    return 0


def _left(plan: Plan) -> dict[str, object]:
    return {"left": [left.as_dict() for left in plan.left]}


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationWrong(f"{file} cannot be written: {error.strerror}") from error
