"""The command ``studio`` as a process, on the test's database."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.studio.conftest import FOREIGN, Shelf

from lockstep import Database
from studio.command_line.main import build_parser
from studio.command_line.moving import export_file, import_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """Runs ``studio ...`` in a folder of its own."""

    root: Path
    database: str

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start it; its end is the caller's to see to."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        return subprocess.Popen(
            [sys.executable, "-m", "studio", *arguments],
            cwd=self.root,
            env={**inherited, "LOCKSTEP_DATABASE_URL": self.database, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(
        self, *arguments: str, stdin: bytes = b"", **environment: str
    ) -> tuple[int, bytes, str]:
        """Run it to its end; return status, stdout, and what it said."""
        process = self.start(*arguments, **environment)
        out, said = process.communicate(stdin, timeout=60)
        return process.returncode, out, said.decode()

    def move(self, verb: str, file: Path, *more: str, user: str = "u@example.com") -> Sequence[str]:
        """Import or export; return the lines that it said. It must succeed."""
        status, _, said = self.run(verb, str(file), "--user", user, *more)
        assert status == 0, said
        return said.splitlines()


@dataclasses.dataclass(frozen=True, slots=True)
class Mover:
    """Imports and exports in this process: what ``studio import`` and ``studio export`` do once they are connected."""

    database: Database
    capture: pytest.CaptureFixture[str]

    async def run(
        self, verb: str, file: Path, *more: str, user: str = "u@example.com"
    ) -> tuple[int, str]:
        """Return the status, and what was said."""
        options = build_parser().parse_args([verb, str(file), "--user", user, *more])
        if verb == "import":
            with file.open("rb") as read:
                status = await import_file(self.database, options, read)
        else:
            with file.open("w", encoding="utf-8", newline="") as written:
                status = await export_file(self.database, options, written)
        return status, self.capture.readouterr().err

    async def move(self, verb: str, file: Path, *more: str, user: str = "u@example.com") -> str:
        """Import or export, which must succeed; return what was said."""
        status, said = await self.run(verb, file, *more, user=user)
        assert status == 0, said
        return said


@pytest.fixture
def anyio_backend() -> str:
    """The event loop's kind."""
    return "asyncio"


@pytest.fixture
async def mover(at_head: str, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Mover]:
    """What moves rows, on the test's database."""
    database = Database(max_size=2)
    await database.open(at_head, "studio")
    yield Mover(database, capsys)
    await database.close()


@pytest.fixture
def command(tmp_path: Path, at_head: str) -> Command:
    """The command."""
    return Command(tmp_path, at_head)


@pytest.fixture
def second_user(shelf: Shelf) -> str:
    """The address of another user."""
    shelf.run("insert into users (id, email) values ('v', 'v@example.com')")
    return "v@example.com"
