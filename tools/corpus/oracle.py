"""The verdict on each file of a history: the server ran it, ran it again at once, and this is what came of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from corpus.laboratory import (
    Failed,
    Laboratory,
    laboratory,
    run_as_written,
    run_in_transaction,
    wants_no_transaction,
)
from corpus.projects import Migration, Project
from corpus.state import State, changes, look, recreated, rewritten
from lockstep.embedded import Binaries

_EDITION = 1  # raise it when this code comes to judge otherwise
_MOST_CHANGES = 40
_MOST_SUPPLIES = 30
Word = Literal["safe", "unsafe", "does-not-apply"]


@dataclass(frozen=True)
class FileVerdict:
    """What the server showed of one file.

    ``failed`` is the error of the second run (unsafe) or of the first (does-not-apply); ``changes`` what the second run
    changed (unsafe). ``recreated`` and ``rewritten`` are no part of the verdict: what a second run makes anew, so that whatever
    it held is gone, and the tables in which it leaves as many rows, but others. ``state`` is a digest of schema and row counts
    after the first run: a fixed file has the same. ``mode`` is ``transaction`` or ``as-written``.
    """

    project: str
    file: str
    verdict: Word
    mode: str
    failed: Failed | None = None
    changes: Sequence[str] = ()
    recreated: Sequence[str] = ()
    rewritten: Sequence[str] = ()
    state: str = ""
    seconds: float = 0.0
    key: str = ""

    @property
    def reason(self) -> str:
        """Why it is not safe, in one line; empty if it is."""
        if self.failed:
            return f"{self.failed.sqlstate} {self.failed.message}"
        return "; ".join(self.changes[:3]) + (" ..." if len(self.changes) > 3 else "")

    def as_line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(dataclasses.asdict(self) | {"reason": self.reason}, ensure_ascii=False)


def from_line(line: str) -> FileVerdict:
    """Return the verdict of which *line* was made."""
    fields: dict[str, Any] = json.loads(line)
    fields.pop("reason")
    fields["failed"] = fields["failed"] and Failed(**fields["failed"])
    return FileVerdict(**fields)


def version_of(binaries: Binaries) -> str:
    """Return what goes into every key: verdicts by another server, or by other queries, are other verdicts."""
    chain = hashlib.sha256(f"{_EDITION} {binaries.version}".encode())
    for file in sorted(Path(__file__).parent.rglob("*.sql")):
        chain.update(file.read_bytes())
    return chain.hexdigest()


def verdicts(
    project: Project, cache: Path | None = None, binaries: Binaries | None = None
) -> list[FileVerdict]:
    """Return the verdict on every file of *project*, in order; what *cache* knows is not tried again."""
    known = _known(cache, project)
    if all(migration.key in known for migration in project.migrations):
        return [known[migration.key] for migration in project.migrations]
    found = []
    with laboratory(binaries) as lab:
        _prepare(lab, project)
        for migration in project.migrations:
            verdict = _judge(lab, project.name, migration, known.get(migration.key))
            found.append(verdict)
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
        text = "".join(verdict.as_line() + "\n" for verdict in found)
        _file_of(cache, project).write_text(text, encoding="utf-8")
    return found


def _known(cache: Path | None, project: Project) -> Mapping[str, FileVerdict]:
    if cache is None or not _file_of(cache, project).exists():
        return {}
    lines = _file_of(cache, project).read_text(encoding="utf-8").splitlines()
    return {verdict.key: verdict for verdict in map(from_line, lines)}


def _file_of(cache: Path, project: Project) -> Path:
    return cache / f"{project.name}.jsonl"


def _prepare(lab: Laboratory, project: Project) -> None:
    connection = lab.main()
    while project.before:
        try:
            with connection.transaction():
                connection.execute(project.before.encode())
            break
        except Exception as error:
            message = " ".join(str(error).split())
            if not lab.supply(Failed("", message, 0)):
                raise SystemExit(f"{project.folder}/before.sql: {message}") from error
    lab.leave()  # settings of the database hold for new sessions only


def _judge(
    lab: Laboratory, project: str, migration: Migration, known: FileVerdict | None
) -> FileVerdict:
    began = time.monotonic()
    supplies = 0
    while True:
        failed, mode = _first(lab, migration, known)
        if failed is None or supplies >= _MOST_SUPPLIES or not lab.supply(failed):
            break
        supplies += 1
    if known:
        return known
    blank = FileVerdict(project, migration.name, "does-not-apply", mode, failed, key=migration.key)
    verdict = blank if failed else _second(lab, migration, blank)
    return dataclasses.replace(verdict, seconds=round(time.monotonic() - began, 3))


def _first(
    lab: Laboratory, migration: Migration, known: FileVerdict | None
) -> tuple[Failed | None, str]:
    """Run the file on the history; a failed one leaves nothing behind."""
    if known and known.verdict == "does-not-apply":
        return None, known.mode
    if migration.transaction:
        connection = lab.main()
        failed = run_in_transaction(connection, migration)
        if failed is None:
            connection.commit()
            return None, "transaction"
        connection.rollback()
        if not wants_no_transaction(failed):
            return failed, "transaction"
    with lab.copy() as copy:
        with closing(lab.connect(copy)) as connection:
            failed = run_as_written(connection, migration)
        if failed is None:
            lab.adopt(copy)
    return failed, "as-written"


def _second(lab: Laboratory, migration: Migration, blank: FileVerdict) -> FileVerdict:
    connection = lab.main()
    connection.autocommit = False
    before = look(connection)
    connection.rollback()
    if blank.mode == "transaction":
        connection = lab.main()
        failed = run_in_transaction(connection, migration)
        after = None if failed else look(connection)
        connection.rollback()
        return _verdict(blank, before, after, failed)
    with lab.copy() as copy, closing(lab.connect(copy)) as connection:
        failed = run_as_written(connection, migration)
        if failed is None:
            connection.execute("ROLLBACK")
        after = None if failed else look(connection)
    return _verdict(blank, before, after, failed)


def _verdict(
    blank: FileVerdict, before: State, after: State | None, failed: Failed | None
) -> FileVerdict:
    if after is None:
        return dataclasses.replace(blank, verdict="unsafe", failed=failed, state=before.digest)
    changed = changes(before, after)
    return dataclasses.replace(
        blank,
        verdict="unsafe" if changed else "safe",
        changes=tuple(changed[:_MOST_CHANGES]),
        recreated=tuple(recreated(before, after)[:_MOST_CHANGES]),
        rewritten=tuple(rewritten(before, after)),
        state=before.digest,
    )
