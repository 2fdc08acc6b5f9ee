"""The commands that look and change nothing in the database: status, plan, new, boots, doctor."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lockstep.cli.colour import palette_for
from lockstep.cli.errors import render_error
from lockstep.cli.invocation import settings_of
from lockstep.durations import format_duration
from lockstep.errors import FilesRejected, LockstepError, StillNeeded, problem_as_dict
from lockstep.inspection import Diagnosis, View, diagnose_connections, look
from lockstep.migrate.files import Shipped
from lockstep.migrate.plan import Plan
from lockstep.timeline import format_utc

PENDING = 3
_SHOWN = 8
_UNFINISHED = "unfinished"
_BOOTS_HEADER = f"{'begun (UTC)':<19}  {'outcome':<11} {'took':>9}  command  {'release':<12}  {'boot':<8}  host:pid"


def status(options: argparse.Namespace) -> int:
    """``lockstep status``."""
    with look(settings_of(options), _silent) as view:
        shipped, plan, applied = view.plan()
        refusal = _refusal(view, shipped, plan)
        holder = view.lock_holder()
        address = view.session.address
        version = view.facts.version
    if options.json:
        _print_json(
            {
                "database": address,
                "server_version": version,
                "applied": [
                    {"kind": r.kind, "name": r.name, "applied_at": format_utc(r.applied_at)}
                    for r in applied
                ],
                "pending": [file.name for file in plan.files],
                **plan.as_dict(),
                "refused": refusal.as_dict() if refusal else None,
                "lock_holder": str(holder) if holder else None,
            }
        )
    else:
        print(f"database  {address} (PostgreSQL {version})")
        known = {(row.kind, row.name) for row in applied}
        count = sum((file.kind, file.name) in known for file in shipped.files)
        print(f"applied   {count} of {len(shipped.files)} shipped")
        _print_plan_lines(plan)
        if refusal:
            print(f"refused   {refusal.what}; lockstep plan lists them")
        if holder:
            print(f"lock      held by {holder}")
    return _exit_status(plan, options)


def plan(options: argparse.Namespace) -> int:
    """``lockstep plan``."""
    with look(settings_of(options), _silent) as view:
        shipped, made, _ = view.plan()
        examined = view.examined(shipped, made)
    if options.json:
        files = [
            {
                "kind": s.file.kind,
                "name": s.file.name,
                "transaction": s.header.transaction,
                "statements": [statement.text for statement in s.statements],
            }
            for s in examined.scripts
        ]
        warnings = [problem_as_dict(warning) for warning in examined.warnings]
        _print_json({**made.as_dict(), "files": files, "warnings": warnings})
        return _exit_status(made, options)
    _print_plan_lines(made)
    for warning in examined.warnings:
        print(f"warning   {warning.place}: {warning.what}")
    for script in examined.scripts:
        alone = "" if script.header.transaction else "  (no-transaction: statement by statement)"
        print(f"\n{script.file.shown}{alone}")
        for statement in script.statements:
            print(f"  {_first_line(statement.text)}")
    return _exit_status(made, options)


def new(options: argparse.Namespace) -> int:
    """``lockstep new NAME``."""
    from lockstep.migrate.new_file import next_file

    if options.target:
        from lockstep.cli.undo import new_from

        return new_from(options)
    settings = settings_of(options)
    folder = settings.seeds if options.seed else settings.migrations
    path = next_file(folder, options.name, seed=options.seed)
    if options.json:
        _print_json({"file": str(path)})
    else:
        print(path)
    return 0


def boots(options: argparse.Namespace) -> int:
    """``lockstep boots``."""
    with look(settings_of(options), _silent) as view:
        rows = view.boots(options.limit)
    if options.json:
        _print_json({"boots": [_boot_json(row) for row in rows]})
        return 0
    print(_BOOTS_HEADER if rows else "no boot is recorded here")
    for row in rows:
        print(_boot_line(row))
        if options.verbose and row["timeline"]:
            print(f"    {_step_times(row['timeline'])}")
        if row["error"]:
            print(f"    {row['error_code']} at {row['step']}: {row['error']['what']}")
        elif row["outcome"] is None:
            print("    no end is recorded: it was killed, or is not over yet")
    return 0


def doctor(options: argparse.Namespace) -> int:
    """``lockstep doctor``: exit 0 if a boot could go on, else with the status it would exit with."""
    settings = settings_of(options)
    with look(settings, _silent) as view:
        diagnoses = diagnose_connections(view)
        holder = view.lock_holder()
    refusal = next((d.refusal for d in diagnoses if d.refusal), None)
    if options.json:
        found = [_diagnosis_json(d) for d in diagnoses]
        _print_json(
            {
                "connections": found,
                "lock_holder": str(holder) if holder else None,
                "fit": refusal is None,
            }
        )
    else:
        for diagnosis in diagnoses:
            _print_diagnosis(diagnosis)
        print(f"boot lock {settings.lock_key}: " + (f"held by {holder}" if holder else "free"))
        print(
            f"unfit: a boot would be refused (exit status {refusal.exit_status})"
            if refusal
            else "fit: a boot can go on from here"
        )
    return refusal.exit_status if refusal else 0


def _refusal(view: View, shipped: Shipped, plan: Plan) -> LockstepError | None:
    """Return what a boot would say of the pending files, None if it would run them."""
    try:
        if not plan.at_head:
            view.examined(shipped, plan)
    except (FilesRejected, StillNeeded) as error:
        return error
    return None


def _print_diagnosis(diagnosis: Diagnosis) -> None:
    facts = diagnosis.facts
    print(f"{diagnosis.role} connection (from {diagnosis.source})")
    if facts is not None:
        print(f"  server   PostgreSQL {facts.version}, {diagnosis.address}, role {facts.role}")
        print(f"  pooler   {_pooling(diagnosis)}")
        print(
            f"  writes   {'no: standby' if facts.standby else 'no: read-only' if facts.read_only else 'yes'}"
        )
        print(
            f"  creates  schemas: {_yes(facts.may_create_schema)}, "
            f"tables in {facts.schema or facts.search_path}: {_yes(facts.may_create_table)}"
        )
        if diagnosis.invalid_indexes:
            print(
                f"  invalid  {', '.join(diagnosis.invalid_indexes)} (DROP INDEX CONCURRENTLY, then build again)"
            )
    if diagnosis.refusal is not None:
        print(render_error(diagnosis.refusal, palette_for(sys.stdout)))


def _pooling(diagnosis: Diagnosis) -> str:
    if diagnosis.role == "pool" and diagnosis.pooling in _POOLING_FOR_SERVICES:
        return _POOLING_FOR_SERVICES[diagnosis.pooling]
    return _POOLING[diagnosis.pooling]


_POOLING = {
    "none": "none in between",
    "session": "one that keeps sessions (fine)",
    "transaction": "a TRANSACTION POOLER: give the boot a direct connection (DATABASE_UNPOOLED_URL)",
    "statement": "a STATEMENT POOLER: it allows no transactions",
}
_POOLING_FOR_SERVICES = {
    "transaction": "a transaction pooler (fine for services, except for LISTEN)"
}


def _diagnosis_json(diagnosis: Diagnosis) -> dict[str, Any]:
    facts = diagnosis.facts
    return {
        "role": diagnosis.role,
        "source": diagnosis.source,
        "address": diagnosis.address,
        "server_version": facts.version if facts else None,
        "pooling": diagnosis.pooling if facts else None,
        "standby": facts.standby if facts else None,
        "read_only": facts.read_only if facts else None,
        "may_create_schema": facts.may_create_schema if facts else None,
        "may_create_table": facts.may_create_table if facts else None,
        "invalid_indexes": list(diagnosis.invalid_indexes),
        "refusal": diagnosis.refusal.as_dict() if diagnosis.refusal else None,
    }


def _print_plan_lines(plan: Plan) -> None:
    print(
        "pending   "
        + (_names([file.name for file in plan.files]) or "nothing: the schema is at head")
    )
    if plan.late:
        print(f"late      {_names(plan.late)} (they sort before applied files)")
    if plan.ahead:
        print(f"ahead     {_names(plan.ahead)} (applied here, not shipped by this release)")
    if plan.history_lost:
        print(
            "ledger    empty, though the database has tables: every file would run again (they are idempotent)"
        )


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _exit_status(plan: Plan, options: argparse.Namespace) -> int:
    return PENDING if options.exit_code and not plan.at_head else 0


def _boot_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: format_utc(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _boot_line(row: dict[str, Any]) -> str:
    took = format_duration(row["seconds"]) if row["seconds"] is not None else ""
    return (
        f"{row['begun_at'].astimezone(UTC):%Y-%m-%d %H:%M:%S}  {row['outcome'] or _UNFINISHED:<11} {took:>9}  "
        f"{row['command']:<7}  {row['release'][:12] or '-':<12}  {row['id'][:8]}  {row['host']}:{row['pid']}"
    )


def _step_times(timeline: dict[str, Any]) -> str:
    return ", ".join(
        f"{step['step']} {format_duration(step['seconds'])}"
        for step in timeline["steps"]
        if step["seconds"] is not None
    )


def _first_line(text: str) -> str:
    lines = [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.strip().startswith("--")
    ]
    first = lines[0] if lines else ""
    return first if len(lines) < 2 else f"{first} ..."


def _yes(fact: bool) -> str:
    return "yes" if fact else "NO"


def _print_json(value: object) -> None:
    print(json.dumps(value))


def _silent(_event: object) -> None:
    """Looking is not a boot: its events are nobody's business."""
