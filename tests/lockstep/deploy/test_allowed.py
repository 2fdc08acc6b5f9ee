"""What Railway's variables leave a release, read and judged."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lockstep.deploy.allowed import Railway, look, railway_of
from lockstep.deploy.budget import Budget
from lockstep.interrupt import Interrupt
from lockstep.settings import resolve

BUDGET = Budget(30, 240, 60, "assumed", 60, 10, 10)
WEB = Railway("web", "production", BUDGET)
ENOUGH = {
    "RAILWAY_HEALTHCHECK_TIMEOUT_SEC": "420",
    "RAILWAY_DEPLOYMENT_OVERLAP_SECONDS": "20",
    "RAILWAY_DEPLOYMENT_DRAINING_SECONDS": "25",
}
STAND_IN = """#!/bin/sh
[ "$*" = "variable list --environment production --service web --json" ] || exit 64
cat <<'SAID'
{said}
SAID
"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Railway's CLI on PATH, which takes exactly our question; write to it what it says."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")
    program = tmp_path / "railway"
    program.touch(mode=0o755)
    return program


@pytest.mark.parametrize("before", ["", "New version available: v5\n"])
def test_enough_holds(cli: Path, before: str) -> None:
    """Window, overlap and draining are held against the budget; no other variable is shown."""
    said = before + json.dumps({**ENOUGH, "DATABASE_URL": "postgresql://u:hunter2@h/d"}, indent=2)
    cli.write_text(STAND_IN.format(said=said))
    check = look(WEB, Interrupt())
    assert check.result == "holds"
    assert "HEALTHCHECK_TIMEOUT_SEC 420" in check.saw
    assert "hunter2" not in str(check.as_dict())


def test_what_is_too_short_is_named_with_the_command(cli: Path) -> None:
    """Where nothing is set Railway's defaults count; what is no number counts as none."""
    cli.write_text(
        STAND_IN.format(said=json.dumps({"RAILWAY_DEPLOYMENT_DRAINING_SECONDS": "soon"}))
    )
    check = look(WEB, Interrupt())
    assert check.result == "fails"
    assert check.saw == (
        "HEALTHCHECK_TIMEOUT_SEC 300 (the default), DEPLOYMENT_OVERLAP_SECONDS 0 (the default), "
        "DEPLOYMENT_DRAINING_SECONDS 0"
    )
    settings = " ".join(f"{name}={value}" for name, value in ENOUGH.items())
    assert check.todo == f"railway variable set --environment production --service web {settings}"


@pytest.mark.parametrize(
    ("text", "saw"),
    [
        ("#!/bin/sh\necho 'Unauthorized. Please login' >&2; exit 1\n", "Unauthorized. Please login"),
        ("#!/bin/sh\nexit 3\n", "exit status 3"),
    ],
)  # fmt: skip
def test_a_platform_that_does_not_tell_is_no_failure(cli: Path, text: str, saw: str) -> None:
    """It is skipped, with what the CLI said and the command to try."""
    cli.write_text(text)
    check = look(WEB, Interrupt())
    assert check.result == "skipped"
    assert check.saw.endswith(saw)
    assert "railway variable list" in check.todo


def test_without_the_cli_it_is_skipped(cli: Path) -> None:
    """Nothing can be asked then."""
    cli.unlink()
    assert look(WEB, Interrupt()).result == "skipped"


def test_only_railway_is_asked(tmp_path: Path) -> None:
    """Another platform's variables are not for its CLI; the environment and the service are those of the settings."""
    (tmp_path / "lockstep.toml").write_text('platform = "railway"\nrailway_service = "web"\n')
    settings = resolve(flags={}, environ={}, root=tmp_path, offline=True)
    assert railway_of("production", settings) == WEB
    (tmp_path / "lockstep.toml").write_text("")
    assert (
        railway_of("production", resolve(flags={}, environ={}, root=tmp_path, offline=True)) is None
    )
