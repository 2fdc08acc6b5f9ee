"""Linting and proving where others start it: the pre-commit hooks and the GitHub Action, their own lines, run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lockstep.testing import Project, Server

ROOT = Path(__file__).parent.parent.parent
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")
PLAIN, GOOD = "CREATE TABLE a (id int);\n", "CREATE TABLE IF NOT EXISTS a (id int);\n"


def script_of(step: str) -> str:
    """Return what a step of the action runs."""
    lines = re.search(
        rf"- name: {step}\n(?:      .*\n)*?      run: \|\n((?:        .*\n?)+)", ACTION
    )
    assert lines is not None
    return textwrap.dedent(lines[1])


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A runner's folder, in which the action's first step has installed this very command."""
    programs = tmp_path / "temp" / "lockstep-lint" / "bin"
    programs.mkdir(parents=True)
    command = programs / "lockstep"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m lockstep "$@"\n')
    command.chmod(0o755)
    return tmp_path / "temp"


def act(
    project: Project, runner: Path, step: str = "Lint", **inputs: str
) -> subprocess.CompletedProcess[str]:
    """Run a step of the action in a project."""
    declared = dict.fromkeys(("PATHS", "SERVER", "MIGRATIONS", "SINCE", "SCRATCH"), "")
    environment = {**declared, "STRICT": "false", **inputs}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script_of(step)],
        cwd=project.root,
        env={"PATH": os.environ["PATH"], "RUNNER_TEMP": str(runner), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_action_annotates_what_it_finds(project: Project, runner: Path) -> None:
    """In the project's own folders, or in those that are named, spaces and all."""
    project.migration("0001_a.sql", PLAIN)
    found = act(project, runner)
    assert found.returncode == 1, found.stderr
    assert found.stdout.startswith("::error file=migrations/0001_a.sql,line=1,")

    other = project.root / "more files"
    other.mkdir()
    (other / "1.sql").write_text(GOOD, encoding="utf-8")
    assert act(project, runner, PATHS="more files\n").returncode == 0
    assert act(project, runner, PATHS="more files\nmigrations\n").returncode == 1


def test_the_action_hands_on_what_it_is_told(project: Project, runner: Path) -> None:
    """The server's version and strictness; a wrong one is a usage error."""
    project.migration("0001_a.sql", "-- lockstep: ignore template because it was\nSELECT 1;\n")
    assert act(project, runner, SERVER="14").returncode == 0
    assert act(project, runner, STRICT="true").returncode == 1
    assert act(project, runner, SERVER="9").returncode == 2


@pytest.mark.long
def test_the_action_proves_what_it_is_told(project: Project, runner: Path, cluster: Server) -> None:
    """In the project's own folder, or in another, or only what a revision did not have: with annotations."""
    project.migration("0001_a.sql", PLAIN)
    found = act(project, runner, "Prove", SCRATCH=cluster.dsn)
    assert found.returncode == 1, found.stderr
    assert found.stdout.startswith("::error file=migrations/0001_a.sql,line=1,")

    other = project.root / "more files"
    other.mkdir()
    (other / "1.sql").write_text(GOOD, encoding="utf-8")
    told = {"SCRATCH": cluster.dsn, "MIGRATIONS": "more files"}
    assert act(project, runner, "Prove", **told).returncode == 0
    unknown = act(project, runner, "Prove", **told, SINCE="no such revision")
    assert (unknown.returncode, "git knows no revision" in unknown.stderr) == (78, True)


def test_every_input_of_the_action_is_used() -> None:
    """None is promised and then forgotten."""
    declared = re.findall(r"^  (\w+):\n    description", ACTION, re.MULTILINE)
    assert len(declared) == 8
    used = [
        name
        for expression in re.findall(r"\$\{\{(.*?)\}\}", ACTION)
        for name in re.findall(r"\binputs\.(\w+)", expression)
    ]
    assert set(used) == set(declared)


def test_the_hooks_find_and_fix(project: Project) -> None:
    """pre-commit calls their entries with the files of a commit."""
    entries = dict(
        re.findall(r"^- id: (\S+)\n(?:  .*\n)*?  entry: lockstep (.*)$", HOOKS, re.MULTILINE)
    )
    path = project.migration("0002_a b.sql", PLAIN)
    name = str(path.relative_to(project.root))
    assert list(entries) == ["lockstep-lint", "lockstep-lint-fix"]
    assert project.run(*entries["lockstep-lint"].split(), name).status == 1
    assert project.run(*entries["lockstep-lint-fix"].split(), name).status == 0
    assert project.run(*entries["lockstep-lint"].split(), name).status == 0
    assert path.read_text(encoding="utf-8") == GOOD
