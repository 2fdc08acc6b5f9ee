"""How the command line answers before any command runs: help, usage errors, and a reader that has left."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys

import pytest

from lockstep import __version__
from lockstep.testing import Project

COMMANDS = ["up", "run", "serve", "status", "plan", "new", "boots", "doctor", "lint"]
SLOW = ["psycopg", "asyncio", "uvicorn", "psycopg_pool", "postgast", "websockets"]
WHAT_HELP_IMPORTS = """
import json, os, sys
from lockstep.cli.main import run
sys.stdout = open(os.devnull, "w")
try:
    status = run(sys.argv[1:])
except SystemExit as end:
    status = end.code
sys.stdout = sys.__stdout__
print(json.dumps([status, sorted(sys.modules)]))
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([c, "--help"] for c in COMMANDS)], ids=" ".join
)
def test_help_imports_nothing_that_is_slow(arguments: list[str]) -> None:
    """No driver, no event loop, no server: whoever only asks gets the answer at once."""
    command = [sys.executable, "-c", WHAT_HELP_IMPORTS, *arguments]
    status, modules = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    assert status == 0
    assert [name for name in SLOW if name in modules] == []


def test_help_lists_every_command_and_exit_status(project: Project) -> None:
    """On stdout, with exit 0."""
    shown = project.run("--help")

    assert (shown.status, shown.stderr) == (0, "")
    assert [name for name in COMMANDS if f"\n    {name:<9} " not in shown.stdout] == []
    for status in ("2 usage", "65 ", "69 ", "70 ", "73 ", "75 ", "77 ", "78 ", "79 ", "130/143"):
        assert status in shown.stdout.replace("\n", " ")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_common_options(project: Project, command: str) -> None:
    """Where the database is, where the files are, JSON, tracebacks: the same everywhere."""
    shown = project.run(command, "--help").stdout

    assert shown.startswith(f"usage: lockstep {command} ")
    for option in ("--database URL", "--migrations DIR", "--seeds DIR", "--json", "--verbose"):
        assert option in shown


def test_the_version_is_shown(project: Project) -> None:
    """As the package has it."""
    shown = project.run("--version")

    assert (shown.status, shown.stdout) == (0, f"lockstep {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "usage", "said"),
    [
        ([], "lockstep [-h]", "COMMAND"),
        (["frobnicate"], "lockstep [-h]", "invalid choice: 'frobnicate'"),
        (["up", "--nope"], "lockstep up", "unrecognized arguments: --nope"),
        (["up", "now"], "lockstep up", "unrecognized arguments: now"),
        (["up", "--", "sh"], "lockstep up", "only run and chaos take a program: sh"),
        (["up", "--database"], "lockstep up", "expected one argument"),
        (["run"], "lockstep run", "the program is missing: lockstep run -- CMD ..."),
        (["run", "--"], "lockstep run", "the program is missing"),
        (["chaos", "--"], "lockstep chaos", "the program is missing: lockstep chaos -- CMD ..."),
        (["chaos", "--get", "x", "--", "a"], "lockstep chaos", "'x' is not an address"),
        (["chaos", "--seed", "-1", "--", "a"], "lockstep chaos", "--seed"),
        (["new"], "lockstep new", "the following arguments are required: NAME"),
        (["boots", "--limit", "0"], "lockstep boots", "'0' is not a whole number from 1 on"),
        (["boots", "--limit", "x"], "lockstep boots", "'x' is not a whole number from 1 on"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_a_usage_error_shows_the_usage_of_its_command(
    project: Project, arguments: list[str], usage: str, said: str
) -> None:
    """On stderr, with exit 2; stdout stays empty for whoever reads data there."""
    ended = project.run(*arguments)

    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"usage: {usage}")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "stream"),
    [
        (["--help"], "stdout"),
        (["plan"], "stdout"),
        (["plan", "--json"], "stdout"),
        (["boots"], "stdout"),
        (["up", "--json"], "stdout"),
        (["up"], "stderr"),
        (["up", "--database", "nowhere"], "stderr"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_reader_that_has_left_is_no_failure(
    project: Project, arguments: list[str], stream: str
) -> None:
    """As in ``lockstep plan | head -0``: the command does its work, exits with 0, and complains to nobody."""
    project.migration("0001_create_content.sql", "CREATE TABLE IF NOT EXISTS content (id bigint);")
    process = project.start(*arguments, PYTHONUNBUFFERED="")
    left, kept = (
        (process.stdout, process.stderr) if stream == "stdout" else (process.stderr, process.stdout)
    )
    assert left is not None
    assert kept is not None
    left.close()

    with process:
        rest = kept.read()

    assert process.returncode == (78 if "nowhere" in arguments else 0)
    assert rest == "" or stream == "stderr"
    assert "Exception ignored" not in rest
    if process.returncode == 0 and arguments[0] == "up":
        assert project.run("status", "--exit-code").status == 0


def test_an_import_that_fails_is_an_error_like_any_other(project: Project) -> None:
    """A broken installation is reported with a code; the traceback is behind --verbose."""
    project.root.mkdir()
    (project.root / "psycopg.py").write_text("raise ImportError('no pq wrapper available')\n")
    told = {"PYTHONPATH": str(project.root)}

    brief, verbose = project.run("status", **told), project.run("status", "--verbose", **told)

    assert (brief.status, verbose.status) == (70, 70)
    assert "LS999 Failed" in brief.stderr
    assert "ImportError: no pq wrapper available" in brief.stderr
    assert "Traceback" not in brief.stderr
    assert verbose.stderr.count("Traceback") == 1


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("command", "status"),
    [("up 2>/dev/full", 0), ("up --json >/dev/full", 0), ("plan >/dev/full", 70)],
)
def test_a_full_disk_stops_no_boot(project: Project, command: str, status: int) -> None:
    """What a boot tells is not what it is for; but a plan that could not be written was not made."""
    project.migration("0001_create_content.sql", "CREATE TABLE IF NOT EXISTS content (id bigint);")
    told = {**os.environ, "LOCKSTEP_DATABASE_URL": project.database, "PYTHONUNBUFFERED": ""}
    ended = subprocess.run(
        ["sh", "-c", f"exec {shlex.quote(sys.executable)} -m lockstep {command}"],
        cwd=project.root,
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == status, ended.stderr
    assert ("No space left on device" in ended.stderr) == (status == 70)
    assert "Traceback" not in ended.stderr
    assert project.run("status", "--exit-code").status == (0 if "up" in command else 3)
