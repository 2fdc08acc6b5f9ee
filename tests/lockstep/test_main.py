"""The console script leaves at once, with nothing lost, unless somebody has work to do at exit."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from lockstep.cli.main import run

LEAVE = """
import atexit, sys
atexit.register(print, "at exit")
{before}
sys.argv = ["lockstep", {arguments}]
from lockstep.__main__ import main
main()
"""


def leave(arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the console script in an interpreter that prints when it is taken apart in good order."""
    code = LEAVE.format(arguments=arguments, before=before)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )


def test_what_was_printed_arrives() -> None:
    """Leaving at once loses no output and keeps the exit status."""
    done = leave('"--version"')
    assert done.stdout.startswith("lockstep ")
    assert "at exit" not in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "before"),
    [('"--version"', "sys.settrace(lambda *_: None)"), ('"serve", "no.such:application"', "")],
)
def test_who_has_work_at_exit_does_it(arguments: str, before: str) -> None:
    """A debugger or coverage writes its results, and so does an application that was served."""
    assert "at exit" in leave(arguments, before).stdout


def test_a_command_runs_with_the_collector_on() -> None:
    """It is off for the imports only."""
    gc.disable()
    try:
        assert run(["status", "--database", "postgresql://127.0.0.1:1/none"]) == 69
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.enable()
