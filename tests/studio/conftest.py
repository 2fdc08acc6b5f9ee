"""A database at the studio's head, its content seen with the test's own eyes, and the studio as a process."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest
from psycopg import sql

import studio
from lockstep.testing import Databases, Finished, Project, finish

STUDIO = Path(studio.__file__).parent
SETTINGS = {
    "LOCKSTEP_APP": "studio",
    "LOCKSTEP_ENV": "test",
    "LOCKSTEP_MIGRATIONS": str(STUDIO / "migrations"),
    "LOCKSTEP_SEEDS": str(STUDIO / "seeds"),
}
FOREIGN = ("LOCKSTEP_", "STUDIO_", "DATABASE_", "RAILWAY_", "PG")
BOOT_TIMEOUT = 60


class Shelf:
    """The content of a database: put some there, and see what became of it."""

    def __init__(self, conninfo: str) -> None:
        self._connection = psycopg.connect(
            conninfo, autocommit=True, application_name="shelf", cursor_factory=psycopg.ClientCursor
        )
        self.run("insert into users (id, email) values ('u', 'u@example.com')")

    def run(self, query: str, *values: Any) -> list[Any]:
        """Run a query; return its rows, those of one column as plain values."""
        cursor = self._connection.execute(query.encode(), values or None)
        rows = cursor.fetchall() if cursor.description else []
        return [row[0] if len(row) == 1 else row for row in rows]

    def add(self, due: str = "-1 second", **columns: Any) -> int:
        """Add scheduled content, due that long from now; return its id."""
        values = {
            "user_id": "u",
            "title": "Bread",
            "platform": "instagram",
            "status": "scheduled",
            **columns,
        }
        query = sql.SQL(
            "insert into content ({}, scheduled_at) values ({}, now() + %s::interval) returning id"
        ).format(
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        found = self._connection.execute(query, [*values.values(), due]).fetchone()
        assert found is not None
        return int(found[0])

    def left_behind(self, lease: str) -> int:
        """Add content whose instance died in its first attempt; its lease ends that long from now."""
        content = self.add(status="publishing", lease_owner="dead", lease_until="infinity")
        self.run(
            "update content set publish_attempts = 1, lease_until = now() + %s::interval where id = %s",
            lease,
            content,
        )
        self.run(
            "insert into publications (content_id, content_version, platform) values (%s, 1, 'instagram')",
            content,
        )
        return content

    def row(self, content: int) -> dict[str, Any]:
        """Return all columns of a piece of content."""
        (row,) = self.run("select to_jsonb(content) from content where id = %s", content)
        return dict(row)

    def count(self, status: str) -> int:
        """Return how many pieces are in that state."""
        (count,) = self.run("select count(*) from content where status = %s", status)
        return int(count)

    def history(self, content: int) -> list[str]:
        """Return what was done to a piece of content: ``claim: scheduled → publishing``."""
        return self.run(
            "select format('%%s: %%s → %%s', action, before ->> 'status', after ->> 'status')"
            " from content_action_history where content_id = %s order by id",
            content,
        )

    def publications(self, content: int) -> list[tuple[int, str]]:
        """Return the attempts at a piece of content and how they ended."""
        return self.run(
            "select attempt, status from publications where content_id = %s order by id", content
        )

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Studio:
    """``python -m studio`` as a process, on one database."""

    root: Path
    database: str

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start it on a free port; its end is the caller's to see to."""
        return self._start(arguments, environment, subprocess.PIPE)

    def _start(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: IO[str] | int
    ) -> subprocess.Popen[str]:
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(FOREIGN) and k != "PORT"
        }
        return subprocess.Popen(
            [sys.executable, "-m", "studio", "--port", "0", *arguments],
            cwd=self.root,
            env={**inherited, "LOCKSTEP_DATABASE_URL": self.database, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments: str, **environment: str) -> Finished:
        """Start it and wait for its end."""
        return finish(self.start(*arguments, **environment), BOOT_TIMEOUT)

    @contextmanager
    def serving(self, **environment: str) -> Iterator[str]:
        """Run it during the block, which gets its URL; then SIGTERM must end it with 0."""
        # A pipe that nobody reads would be full after some hundred requests, and the studio would wait for ever.
        with (self.root / "log").open("w+", encoding="utf-8") as log:
            process = self._start(["--json"], environment, log)
            try:
                yield _url_of(process, self.root / "log")
                process.send_signal(signal.SIGTERM)
                finished = finish(process, BOOT_TIMEOUT)
                assert finished.status == 0, finished.stdout + (self.root / "log").read_text()
            finally:
                process.kill()
                process.communicate()


def _url_of(process: subprocess.Popen[str], log: Path) -> str:
    """Read the boot's events up to its completion; return where it listens."""
    assert process.stdout is not None
    url = ""
    for line in process.stdout:
        event = json.loads(line)
        url = event.get("url", url)
        if event["event"] == "BootCompleted":
            return str(url)
    raise AssertionError(f"it did not boot: {log.read_text()}")


@pytest.fixture
def at_head(databases: Databases, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The connection string of a database of the test's own, at the studio's head, without the demo account."""
    conninfo = databases.create(
        f"studio {digest()}", lambda empty: bring_up(tmp_path / "up", empty)
    )
    yield conninfo
    databases.drop(conninfo)


@pytest.fixture
def shelf(at_head: str) -> Iterator[Shelf]:
    """The content of that database."""
    shelf = Shelf(at_head)
    yield shelf
    shelf.close()


@pytest.fixture
def up(database: str, tmp_path: Path) -> Callable[..., Finished]:
    """``lockstep up`` with the studio's files on an empty database; keywords are environment variables."""
    return lambda **environment: bring_up(tmp_path / "up", database, environment)


@pytest.fixture
def studio_process(database: str, tmp_path: Path) -> Studio:
    """The studio on an empty database."""
    return Studio(tmp_path, database)


def bring_up(root: Path, conninfo: str, environment: Mapping[str, str] | None = None) -> Finished:
    """Run ``lockstep up`` with the studio's files; it must succeed."""
    project = Project(root, conninfo, {**SETTINGS, **(environment or {})})
    finished = project.run("up", "--json")
    assert finished.status == 0, finished.stdout + finished.stderr
    return finished


def digest() -> str:
    """Return a text that changes with any of the studio's files."""
    files = sorted([*(STUDIO / "migrations").glob("*.sql"), *(STUDIO / "seeds").glob("*.sql")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
