"""A long history in two processes: the same findings, and nothing lost when the second one fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WRITTEN = """\
import json, os, signal, sys
from lockstep.lint import halves

FIRST = os.getpid()

def judge(start, end):
    return [(number, os.getpid() == FIRST) for number in range(start, end)]

def fails_elsewhere(start, end):
    if os.getpid() != FIRST:
        raise ValueError
    return judge(start, end)

def killed_elsewhere(start, end):
    if os.getpid() != FIRST:
        os.kill(os.getpid(), signal.SIGKILL)
    return judge(start, end)

def fails_here(start, end):
    if os.getpid() == FIRST:
        raise KeyboardInterrupt
    signal.pause()

def left():
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None

"""
FILES = 400


def told(script: str) -> Any:
    """Run a script in a process of its own, which has one thread only, and return what it prints as JSON."""
    command = [sys.executable, "-W", "error", "-c", WRITTEN + script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_each_process_judges_its_part() -> None:
    """The results come in the order of the files, the last of them from the other process."""
    found = told("print(json.dumps(halves.in_two(judge, 3, 5)))")
    assert found == [[0, True], [1, True], [2, True], [3, False], [4, False]]


@pytest.mark.parametrize("judge", ["fails_elsewhere", "killed_elsewhere"])
def test_without_an_answer_one_process_does_it_all(judge: str) -> None:
    """A second process that fails, or is killed, costs time but no result."""
    found = told(f"print(json.dumps(halves.in_two({judge}, 3, 5)))")
    assert found == [[number, True] for number in range(5)]


def test_nothing_is_left_of_an_interrupted_run() -> None:
    """The second process ends with the first one's exception, and is waited for."""
    script = "try:\n    halves.in_two(fails_here, 3, 5)\nexcept KeyboardInterrupt:\n"
    assert told(script + "    print(json.dumps([left()]))") == [None]


def test_only_what_is_long_is_parted() -> None:
    """A short history is judged by one process, a long one by two if there are two processors."""
    script = "print(json.dumps([here for _, here in halves.judged([{}] * 10, judge)]))"
    assert told(script.format(100)) == [True] * 10
    assert all(told(script.format(100_000))) == (len(os.sched_getaffinity(0)) < 2)


def test_the_findings_are_those_of_one_process(tmp_path: Path) -> None:
    """What the later files mean depends on the earlier ones: whichever process judges them knows those."""
    for number in range(FILES):
        text = f"-- {'x' * 200}\nCREATE TABLE t{number} (n int);\nALTER TABLE t{number // 2} ALTER n TYPE bigint;\n"
        (tmp_path / f"{number:04}.sql").write_text(text, encoding="utf-8")
    lint = [sys.executable, "-m", "lockstep", "lint", "--format", "json", str(tmp_path)]
    one = f"import os; os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}}); os.execv({lint[0]!r}, {lint!r})"
    shown = [
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        for command in (lint, [sys.executable, "-c", one])
    ]
    assert [done.returncode for done in shown] == [1, 1]
    assert shown[0].stdout == shown[1].stdout
    assert len({found["file"] for found in json.loads(shown[0].stdout)}) == FILES


@pytest.mark.parametrize("seed", ["1", "2", "3", "4"])
def test_the_findings_do_not_depend_on_chance(tmp_path: Path, seed: str) -> None:
    """Of several labels that are gone it is always the first that is told, however Python orders its sets."""
    labels = [f"l{number}" for number in range(9)]
    quoted = [repr(label) for label in labels]
    (tmp_path / "1.sql").write_text(
        f"CREATE TYPE kind AS ENUM ({', '.join(quoted)});\nCREATE TABLE t (k kind);\n",
        encoding="utf-8",
    )
    (tmp_path / "2.sql").write_text(
        f"INSERT INTO t VALUES {', '.join(f'({label})' for label in quoted)};\n"
        + "".join(f"ALTER TYPE kind RENAME VALUE {label} TO {label[:-1]}x';\n" for label in quoted),
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "lockstep", "lint", "--format", "json", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        check=False,
    )
    found = {one["rule"]: one["message"] for one in json.loads(done.stdout)}
    assert found["gone-on-second-run"] == "a second run fails: kind: 'l0' is gone by then"
