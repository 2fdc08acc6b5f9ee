"""The documents cannot rot: their commands are run, their links lead somewhere, their words are the code's."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from lockstep.cli.arguments import build_parser

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PORT = re.compile(r"(?:--port[ =]|\bport=|127\.0\.0\.1:)([1-9]\d*)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "name",
    [
        "tutorial/first-boot.md",
        "how-to/lint-migrations.md",
        "how-to/declare-needs.md",
        "how-to/catch-drift.md",
        "how-to/prove-migrations.md",
        "how-to/chaos.md",
        "how-to/repair-a-drifted-database.md",
        "how-to/verify-a-release.md",
        "how-to/deploy.md",
        "how-to/deploy-on-a-platform.md",
    ],
)
def test_the_page_does_what_it_says(tmp_path: Path, name: str) -> None:
    """Every command of the page works, and prints what the page shows after it."""
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("LOCKSTEP_", "DATABASE_", "PG"))
    }
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ["PATH"], str(_curl(tmp_path))]
    )
    blocks = BLOCK.findall(page)
    plain = "exec 2>&1\n" + "".join(text for language, text in blocks if language == "sh")
    ports = _free_ports({*PORT.findall(plain)})
    expected = "".join(text for language, text in blocks if language == "text").splitlines()
    with _taken(ports):
        done = subprocess.run(
            ["bash", "-e", "-c", _with(ports, plain)],
            cwd=_made(tmp_path / "a folder"),
            env={**inherited, "PATH": path},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    position = 0
    for line in expected:
        parts = _with(ports, line).split("...")
        pattern = ".*".join(re.escape(part.strip()) for part in parts)
        found = re.compile(pattern).search(done.stdout, position)
        assert found, f"{line!r} is not in what follows:\n{done.stdout[position:]}"
        position = found.start()


def _free_ports(plain: set[str]) -> dict[str, str]:
    """A free port for each that a page names: readers see plain numbers, and two checkouts run at once on one machine."""
    with ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in plain]
        return {name: str(one.getsockname()[1]) for name, one in zip(plain, free, strict=True)}


def _with(ports: dict[str, str], text: str) -> str:
    return re.sub(r"\b\d+\b", lambda number: ports.get(number[0], number[0]), text)


@contextmanager
def _taken(ports: dict[str, str]) -> Iterator[None]:
    """See to it that the ports which a page names are taken, by us if by nobody else: it must not need them."""
    with ExitStack() as held:
        for name in ports:
            with suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", int(name))))
        yield


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _curl(folder: Path) -> Path:
    """A stand-in for curl at the end of PATH: a bare Debian has none."""
    stand_in = folder / "bin" / "curl"
    stand_in.parent.mkdir()
    stand_in.write_text(
        f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "
        '\'import sys, urllib.request as u; print(u.urlopen(sys.argv[-1]).read().decode(), end="")\' "$@"\n'
    )
    stand_in.chmod(0o755)
    return stand_in.parent


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file or folder of the repository."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_pages_name_exist(page: Path) -> None:
    """Every ``lockstep <command>`` at the beginning of a shell line is a command."""
    commands = set(build_parser().command_names)
    shell = "\n".join(
        text
        for language, text in BLOCK.findall(page.read_text(encoding="utf-8"))
        if language == "sh"
    )
    assert set(re.findall(r"^lockstep (\w+)", shell, re.MULTILINE)) <= commands
