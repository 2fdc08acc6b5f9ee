"""A folder of migrations becomes a history: its files in order, each as the text and the statements that a runner would run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lockstep.sql.parser import NotParsed, Statement, opaque, parse
from lockstep.sql.sections import forward, in_history_order
from lockstep.sql.transactions import must_run_alone, transaction_control

BEFORE = "before.sql"
"""What the environment of a project provides (roles, schemas); run before the history, not judged."""
_BEGINS_WITH_NUMBER = re.compile(r"[vV]?\d")


@dataclass(frozen=True)
class Migration:
    """One file of a history; ``key`` is a hash of everything that its verdict depends on: the files before it too."""

    name: str
    text: str
    statements: Sequence[Statement]
    transaction: bool
    key: str


@dataclass(frozen=True)
class Project:
    """A folder with its history; ``before`` is SQL that runs first and is not judged."""

    name: str
    folder: Path
    before: str
    migrations: Sequence[Migration] = field(repr=False)


def projects_in(folder: Path, names: Sequence[str] = (), *, version: str = "") -> Iterator[Project]:
    """Yield the projects of *folder*: those named, else each of its folders, else it alone if it is a project itself.

    *version* goes into the keys: verdicts of another server are other verdicts.
    """
    if names:
        folders = [folder / name for name in names]
    elif _is_history(folder):
        folders = [folder]
    else:
        folders = sorted(
            entry for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != "."
        )
    for each in folders:
        if not each.is_dir():
            raise SystemExit(f"there is no folder {each}")
        yield read_project(each, version=version)


def read_project(folder: Path, *, version: str = "") -> Project:
    """Read the history of one folder, however deep its files lie."""
    before = folder / BEFORE
    setup = before.read_text(encoding="utf-8") if before.is_file() else ""
    names = [
        path.relative_to(folder).as_posix() for path in folder.rglob("*.sql") if path.is_file()
    ]
    chain = hashlib.sha256(f"{version}\0{setup}".encode())
    migrations = []
    for name in in_history_order(name for name in names if name != BEFORE):
        raw = (folder / name).read_bytes()
        chain.update(f"\0{name}\0{len(raw)}\0".encode() + raw)
        migrations.append(_migration(name, raw, chain.hexdigest()))
    return Project(folder.name, folder, setup, migrations)


def _migration(name: str, raw: bytes, key: str) -> Migration:
    found = forward(raw.decode("utf-8-sig", errors="replace"))
    statements: Sequence[Statement]
    try:
        statements = parse(found.text) if "\0" not in found.text else opaque(found.text)
    except NotParsed:
        statements = opaque(found.text)
    statements = _without_frame(statements)
    alone = any(must_run_alone(one) or transaction_control(one) for one in statements)
    return Migration(name, found.text, statements, found.transaction and not alone, key)


def _without_frame(statements: Sequence[Statement]) -> Sequence[Statement]:
    """Take off one BEGIN and one COMMIT around everything else: the runner's transaction does the same."""
    if len(statements) < 3 or any(map(transaction_control, statements[1:-1])):
        return statements
    first, last = transaction_control(statements[0]), transaction_control(statements[-1])
    framed = first in {"BEGIN", "START TRANSACTION"} and last == "COMMIT"
    return statements[1:-1] if framed else statements


def _is_history(folder: Path) -> bool:
    entries = [entry for entry in folder.iterdir() if entry.name[0] != "."]
    folders = [entry.name for entry in entries if entry.is_dir()]
    numbered = sum(bool(_BEGINS_WITH_NUMBER.match(name)) for name in folders)
    return any(entry.suffix == ".sql" for entry in entries) or 2 * numbered > len(folders)
