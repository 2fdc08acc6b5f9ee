"""What psql and pg_dump say of a history: each file applied once, and again, and the dumps compared. Knows nothing of the prover.

A file that names no transaction and nothing that needs to be outside of one is run with ``psql --single-transaction`` first, as migration
tools do; if that fails, or otherwise, as it is written.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus.laboratory import Failed, Laboratory
from corpus.projects import BEFORE
from psycopg.conninfo import conninfo_to_dict

from lockstep.embedded import Binaries
from lockstep.sql.sections import forward, in_history_order

_ON_ITS_OWN = re.compile(
    r"concurrently|vacuum|^\s*(begin|start\s+transaction|commit|rollback(?!\s+to\b))\b[^;]*;|create\s+database|alter\s+system|tablespace|no-?transaction|transaction:\s*false|txmode",
    re.IGNORECASE | re.MULTILINE,
)
_BODY = re.compile(r"(\$\w*\$).*?\1", re.DOTALL)
# Words that only a comment says do not count; a directive does, and stands in one.
_COMMENT = re.compile(
    r"--(?!.*(?:no-?transaction|transaction:\s*false|txmode)).*|/\*.*?\*/", re.IGNORECASE
)
_SETTINGS = """INSERT INTO pg_db_role_setting SELECT n.oid, s.setrole, s.setconfig FROM pg_db_role_setting s JOIN pg_database o ON o.oid = s.setdatabase, pg_database n
WHERE o.datname = %s AND n.datname = %s"""
_NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|SELECT pg_catalog\.setval\(.*|)$")
_MESSAGE = re.compile(r"(?:ERROR|FATAL|error):\s*(.*)")


@dataclass(frozen=True)
class Plain:
    """A file's verdict: ``fails``, ``unsafe`` or ``ok``, and why."""

    name: str
    verdict: str
    reason: str = ""


@dataclass
class Script:
    """Applies a folder of files on one laboratory's server."""

    lab: Laboratory
    binaries: Binaries
    folder: Path
    supplied: list[str] = field(default_factory=list)

    def verdicts(self) -> Iterator[Plain]:
        """Yield a verdict for every file, in order."""
        main = self._start()
        names = [
            p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*.sql") if p.is_file()
        ]
        with tempfile.TemporaryDirectory() as scratch:
            copied = Path(shutil.copytree(self.folder, Path(scratch, "copy"), symlinks=True))
            for name in in_history_order(one for one in names if one != BEFORE):
                # Beside the others: a file may include one of them.
                file = (copied / name).with_name("the file.sql")
                raw = (self.folder / name).read_bytes()
                file.write_bytes(_forward(raw))
                bare = _COMMENT.sub("", _BODY.sub("", raw.decode(errors="replace")))
                alone = bool(_ON_ITS_OWN.search(bare))
                error, single, main = self._first(main, file, alone=alone)
                if error:
                    yield Plain(name, "fails", error)
                    continue
                yield self._second(main, name, file, single=single)

    def _start(self) -> str:
        main = self.lab.create("template0")
        before = self.folder / BEFORE
        while before.is_file() and (error := self._psql(main, before, single=True)):
            if not self._supply(error):
                raise SystemExit(f"{before}: {error}")
        return main

    def _first(self, main: str, file: Path, *, alone: bool) -> tuple[str, bool, str]:
        while True:
            error = "" if alone else self._psql(main, file, single=True)
            if not alone and not error:
                return "", True, main
            copy = self._copy(main)
            written = self._psql(copy, file, single=False)
            if not written:
                self.lab.drop(main)
                return "", False, copy
            self.lab.drop(copy)
            if not self._supply(error or written):
                return error or written, False, main

    def _second(self, main: str, name: str, file: Path, *, single: bool) -> Plain:
        copy = self._copy(main)
        try:
            error = self._psql(copy, file, single=single)
            if error:
                return Plain(name, "unsafe", error)
            before, after = self._dump(main), self._dump(copy)
            if before == after:
                return Plain(name, "ok")
            gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
            return Plain(name, "unsafe", f"dump: -{gone[:2]} +{new[:2]}")
        finally:
            self.lab.drop(copy)

    def _copy(self, main: str) -> str:
        copy = self.lab.create(main)
        self.lab.admin.execute(
            _SETTINGS, (main, copy)
        )  # a copy of a database does not have its settings
        return copy

    def _supply(self, error: str) -> bool:
        made = self.lab.supply(Failed("", error, 0))
        if made:
            self.supplied.append(error)
        return made

    def _psql(self, database: str, file: Path, *, single: bool) -> str:
        arguments = [
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            *(["-1"] if single else []),
            "-f",
            str(file),
        ]
        done = self._run("psql", database, *arguments)
        if done.returncode == 0:
            return ""
        said = done.stderr.decode(errors="replace")
        found = _MESSAGE.search(said)
        return found[1] if found else said.strip()[-300:] or "?"

    def _dump(self, database: str) -> list[str]:
        done = self._run("pg_dump", database)
        if done.returncode:
            raise SystemExit(done.stderr.decode(errors="replace"))
        return list(_sorted_rows(done.stdout.decode(errors="replace").split("\n")))

    def _run(
        self, program: str, database: str, *arguments: str
    ) -> subprocess.CompletedProcess[bytes]:
        parts = conninfo_to_dict(self.lab.server.conninfo(database))
        where = [
            "-h",
            str(parts["host"]),
            "-p",
            str(parts["port"]),
            "-U",
            str(parts["user"]),
            "-d",
            database,
        ]
        return subprocess.run(  # noqa: S603
            [str(self.binaries.directory / program), *where, *arguments],
            capture_output=True, stdin=subprocess.DEVNULL, check=False, env={"PGOPTIONS": "-c statement_timeout=120s -c client_min_messages=error", "PGCLIENTENCODING": "UTF8"},
        )  # fmt: skip


def _forward(raw: bytes) -> bytes:
    text = raw.decode("utf-8", "surrogateescape")
    return forward(text).text.encode("utf-8", "surrogateescape")


def _sorted_rows(lines: list[str]) -> Iterator[str]:
    """Yield a dump's lines, the rows of each table sorted, without comments and the values of sequences."""
    rows: list[str] | None = None
    for line in lines:
        if rows is not None:
            if line == "\\.":
                yield from sorted(rows)
                rows = None
            else:
                rows.append(line)
        elif not _NOISE.match(line):
            yield line
            if line.startswith("COPY ") and line.endswith("FROM stdin;"):
                rows = []
