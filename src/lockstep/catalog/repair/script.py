"""A plan as SQL files that may run for ever.

Each statement asks the catalogs first whether there is anything to do; where there is not, it takes no lock beyond ACCESS SHARE
and no transaction id. Nothing depends on the session that runs it: every block sets its own search path. The text holds no time,
host or user, so that the same drift writes the same file.

The first lines name the format and a hash of what follows: a file that this did not write, or that was edited since, is not
overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lockstep.catalog.repair.plan import Conflict, Left, Part, Piece, Plan
from lockstep.errors import ConfigurationWrong, Place
from lockstep.sql.stamp import stamped, written_as

DEFAULT_NAME = "9999_production_repair_idempotent.sql"
_LATER = "_2_concurrently.sql"
_SEEDS = "_3_seeds.sql"
_SHOWN = 60
_LONGEST_LINE = 400

_ABOUT = """\
-- From {before}
-- to   {after}
--
-- Every step asks the catalogs first whether it is still needed. Where nothing is, nothing is locked, written or waited for: the
-- file may run at every deploy and on every database, by `lockstep up` or statement by statement with psql.
"""
_NOTHING = "SELECT 'nothing is left to repair here' AS repair;\n"
_BESIDE = "SELECT 'the repair is in the file beside this one, which is no transaction' AS repair;\n"
SETTINGS = "pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', {local})"
_SHOWN_AS = ", " + ", ".join(
    f"pg_catalog.set_config('{name}', '{value}', true)"
    for name, value in {
        "TimeZone": "UTC",
        "DateStyle": "ISO, MDY",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        "extra_float_digits": "1",
        "quote_all_identifiers": "off",
    }.items()
)
"""What the texts of defaults and definitions depend on, where a guard compares one."""
_BODIES = ", pg_catalog.set_config('check_function_bodies', 'off', true)"


def later_name(file: Path) -> Path:
    """Return the name of the file behind *file*: it sorts after it."""
    return file.with_name(file.name.removesuffix(".sql") + _LATER)


def seeds_name(file: Path) -> Path:
    """Return the name of the file with the seeds: it sorts after both."""
    return file.with_name(file.name.removesuffix(".sql") + _SEEDS)


def texts(plan: Plan) -> dict[Part, str]:
    """Return the files that the plan needs: the main one, which was asked for by name, is among them if any is."""
    found: dict[Part, str] = {}
    if plan.pieces:
        found["main"] = main_text(plan)
    if plan.of("later"):
        found["later"] = later_text(plan)
    return found


def main_text(plan: Plan) -> str:
    """Return the file that is one transaction."""
    empty = _BESIDE if plan.of("later") else _NOTHING
    body = "\n".join(statement(piece) for piece in plan.of("main")) or empty
    return stamped("repair", "-- lockstep: repair\n", _introduction(plan) + body)


def later_text(plan: Plan) -> str:
    """Return the file of what must stand alone, or would hold locks for long if it did not."""
    pieces = plan.of("later")
    header = "-- lockstep: repair\n-- lockstep: no-transaction\n"
    settings = f"SELECT {SETTINGS.format(local='false')};\n\n" if pieces else ""
    body = settings + ("\n".join(statement(piece) for piece in pieces) or _NOTHING)
    return stamped("repair", header, _introduction(plan) + body)


def migration_texts(plan: Plan, why: str) -> list[str]:
    """Return the plan as ordinary migrations: one that is a transaction, and one behind it if it needs one."""
    found: list[str] = []
    for part, header in (("main", ""), ("later", "-- lockstep: no-transaction\n")):
        pieces = [piece for piece in plan.pieces if piece.part == part]
        if pieces:
            settings = f"SELECT {SETTINGS.format(local='false')};\n\n" if part == "later" else ""
            notes = "" if found else "".join(_left(plan.left))
            body = "\n".join(statement(piece) for piece in pieces)
            found.append(f"{header}{comment(f'Why: {why}')}{notes}\n{settings}{body}")
    return found


def seeds_text(seeds: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return the file of all seeds, by name and statements: they may run again at any time, by the law of the house."""
    parts = [
        comment("The seeds, so that rows that were lost come back. What is there stays as it is.")
        + "\n"
    ]
    for name, statements in seeds:
        parts.append(comment(name) + "".join(f"{statement}\n;\n" for statement in statements))
    return stamped("repair seeds", "-- lockstep: repair\n", "".join(parts))


def write(file: Path, text: str) -> None:
    """Write *text*; raises ``ConfigurationWrong`` if there is a file that was not written by this, or edited since."""
    refuse_foreign(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigurationWrong(f"{file} cannot be written: {error.strerror}") from error


def refuse_foreign(file: Path) -> None:
    """Raise ``ConfigurationWrong`` if *file* is there and is not as this wrote it."""
    if not file.exists():
        return
    if written_as(file.read_bytes().decode("utf-8", errors="replace")):
        return
    raise ConfigurationWrong(
        f"{file.name} is there, and is not as `lockstep repair` wrote it",
        place=Place(str(file), 1),
        why="It was written or edited by hand: what somebody put there would be lost.",
        next_step="Name another file with -o, or move this one away.",
    )


def comment(text: str, indent: str = "") -> str:
    """Return *text* as lines of a comment, whatever it holds."""
    lines = re.split(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+", text.replace("\0", ""))
    return "".join(f"-- | {indent}{line[:_LONGEST_LINE]}\n" for line in lines)


def quoted_body(text: str, tag: str = "x") -> str:
    """Return *text* in dollar quotes that nothing in it closes."""
    number = 0
    mark = f"${tag}$"
    while (text + mark).find(mark) != len(text):
        number += 1
        mark = f"${tag}{number}$"
    return f"{mark}{text}{mark}"


def _introduction(plan: Plan) -> str:
    lines = _ABOUT.format(before=f"sha256:{plan.before}", after=f"sha256:{plan.after}")
    told = f"--\n{comment(plan.rehearsal)}" if plan.rehearsal else ""
    return "".join([lines, told, *_conflicts(plan.conflicts), *_left(plan.left), "\n"])


def _conflicts(conflicts: Iterable[Conflict]) -> Iterator[str]:
    found = [conflict for conflict in conflicts if not conflict.answer.clean]
    if found:
        yield "--\n" + comment(
            "Rows that are in the way; the steps that they are in the way of are skipped until they are not:"
        )
    for conflict in found[:_SHOWN]:
        yield from _conflict(conflict)
    yield from _more(len(found))


def _conflict(conflict: Conflict) -> Iterator[str]:
    import json

    question, answer = conflict.question, conflict.answer
    yield comment(f"- {question.about}: {question.kind}: {answer.text}")
    for row in answer.sample:
        yield comment(json.dumps(row, ensure_ascii=True), "    ")
    if conflict.choice:
        yield comment(f"chosen: {conflict.choice}", "    ")
    else:
        yield comment("choices: " + "; ".join(question.choices), "    ")


def _left(left: Iterable[Left]) -> Iterator[str]:
    found = list(left)
    if found:
        yield "--\n" + comment("Not touched:")
    for one in found[:_SHOWN]:
        yield comment(f"- {one.name}: {one.what}: {one.reason}")
    yield from _more(len(found))


def _more(number: int) -> Iterator[str]:
    if number > _SHOWN:
        yield comment(f"- and {number - _SHOWN} more: `lockstep repair --json` lists them")


def statement(piece: Piece) -> str:
    """Return the one statement that a piece is in its file."""
    why = comment(f"{piece.about}: {piece.why}")
    if piece.loses:
        why += comment(f"DESTRUCTIVE, and allowed: {piece.loses}")
    if piece.alone:
        return f"{why}{piece.actions[0]};\n"
    quoted = quoted_body("\n".join(["", *_block(piece), "END "]), "lockstep")
    return f"{why}DO {quoted};\n"


def _block(piece: Piece) -> list[str]:
    """Return the lines of a block's body. What stands in quotes may hold newlines, which mean something: no line is split."""
    inner = list(piece.body) or [f"EXECUTE {quoted_body(a)};" for a in piece.actions]
    if piece.condition:
        otherwise = ["ELSE", f"  {_notice(piece, '')}"] if piece.otherwise else []
        inner = [f"IF {piece.condition} THEN", *_indented(inner), *otherwise, "END IF;"]
    if piece.caught:
        caught = f"EXCEPTION WHEN {' OR '.join(piece.caught)} THEN"
        inner = ["BEGIN", *_indented(inner), caught, f"  {_notice(piece, 'SQLERRM')}", "END;"]
    settings = SETTINGS.format(local="true") + (_BODIES if piece.bodies_unchecked else "")
    if any("pg_get_" in text for text in (piece.guard, *piece.body)):
        settings += _SHOWN_AS
    guarded = [f"PERFORM {settings};", f"IF {piece.guard} THEN", *_indented(inner), "END IF;"]
    return [*([piece.declare] if piece.declare else []), "BEGIN", *_indented(guarded)]


def _notice(piece: Piece, error: str) -> str:
    text = quoted_body(piece.otherwise or f"{piece.about} is left as it is", "n")
    return f"RAISE NOTICE '%: %', {text}, {error};" if error else f"RAISE NOTICE '%', {text};"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]
