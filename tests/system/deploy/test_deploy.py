"""``lockstep deploy`` on a small platform with all real parts: from what is there to two stages that serve it."""

from __future__ import annotations

import json
import os
import signal
import stat
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockstep.testing import Finished, finish, until

if TYPE_CHECKING:
    from tests.system.deploy.conftest import Platform


def release(platform: Platform, branch: str) -> str:
    """What the service of a branch says that it is."""
    address = f"http://127.0.0.1:{platform.ports[branch]}/api/boot"
    with urllib.request.urlopen(address, timeout=5) as answer:
        return str(json.load(answer)["release"])


def steps(done: Finished) -> list[tuple[str, str]]:
    """How each step ended, in order."""
    return [(event["step"], event["result"]) for event in done.events if event["event"] == "Ended"]


def end(done: Finished) -> dict[str, Any]:
    """How all of it ended."""
    found = done.events[-1]
    assert found["event"] == "Finished"
    return found


def saw(done: Finished, step: str) -> str:
    """What a step saw."""
    return next(str(e["saw"]) for e in done.events if e["event"] == "Ended" and e["step"] == step)


def test_what_is_there_goes_through_dev_to_production(platform: Platform) -> None:
    """Committed, pushed, verified, pushed on, verified; a second time there is nothing to do."""
    platform.project.migration("0002_more.sql", "alter table items add column if not exists name text;")  # fmt: skip
    done = platform.deploy("-m", "Add names", "--json", "--test", "test -f migrations/0002_more.sql")  # fmt: skip
    assert done.status == 0, done.stdout + done.stderr
    assert steps(done) == [
        ("lint", "done"), ("snapshot", "skipped"), ("tests", "done"), ("budget dev", "done"), ("commit", "done"),
        ("push dev", "done"), ("verify dev", "done"), ("budget production", "done"), ("push production", "done"),
        ("verify production", "done"),
    ]  # fmt: skip
    assert "(the least; no boot so far, for 0001_items.sql, 0002_more.sql measured nowhere)" in saw(
        done, "budget dev"
    )
    assert "measured on dev for 2 pending" in saw(done, "budget production")
    assert platform.git("status", "--porcelain") == ""
    assert platform.at("dev") == platform.at("main") == platform.head
    assert release(platform, "dev") == release(platform, "main") == platform.head
    assert [one["told"].partition("; ")[2] for one in end(done)["live"]] == [f"it serves {platform.head[:7]}"] * 2  # fmt: skip
    pushed = [event["line"] for event in done.events if event["event"] == "Said" and event["step"] == "push dev"]  # fmt: skip
    assert any(f"replacing the service on port {platform.ports['dev']}" in line for line in pushed)
    again = platform.deploy("-m", "Add names", "--json", "--test", "test -f migrations/0002_more.sql")  # fmt: skip
    assert again.status == 0
    assert [step for step, result in steps(again) if result == "done"] == ["budget dev", "budget production"]  # fmt: skip


@pytest.mark.long
def test_a_release_that_does_not_boot_in_dev_never_reaches_production(platform: Platform) -> None:
    """The old release goes on serving in production; what is live and what to run is told, and mending it by a new commit deploys."""
    assert platform.deploy().status == 0
    good = platform.head
    platform.write("clerk.py", "application = None\n")
    bad = platform.commit("Break it")
    done = platform.deploy("--wait", "1s", "--json")
    assert done.status == 1
    assert steps(done)[-1] == ("verify dev", "failed")
    assert (platform.at("dev"), platform.at("main")) == (bad, good)
    dev, production = (one["told"] for one in end(done)["live"])
    assert dev.startswith(f"{bad[:7]} is pushed to origin/dev; nothing tells its release")
    assert production == f"untouched: origin/main is at {good[:7]}; it still serves {good[:7]}"
    assert any(f"git revert --no-edit {good[:7]}..{bad[:7]} && " in line for line in end(done)["todo"])  # fmt: skip
    again = platform.deploy("--wait", "1s", "--json")
    assert any(f"git revert --no-edit {good[:7]}..{bad[:7]} && " in line for line in end(again)["todo"])  # fmt: skip
    (platform.project.root / ".lockstep" / "deploy.json").unlink()
    forgotten = platform.deploy("--wait", "1s", "--json")
    assert steps(forgotten)[-1] == ("verify dev", "failed")
    assert not any("git revert" in line for line in end(forgotten)["todo"])
    platform.git("revert", "--no-edit", "HEAD")
    assert platform.deploy().status == 0
    assert release(platform, "main") == platform.head != good


@pytest.mark.long
def test_a_deploy_that_was_killed_goes_on_where_it_was(platform: Platform, tmp_path: Path) -> None:
    """What was pushed is not pushed again and what was tested is not tested again; what was not verified is."""
    tested = tmp_path / "tested"
    test = ("--test", f"echo once >> {tested}", "--json")
    platform.write("clerk.py", "import os, time\nwhile not os.path.exists('../go'): time.sleep(0.05)\n" + Path(platform.project.root / "clerk.py").read_text())  # fmt: skip
    platform.commit("Wait for a sign")
    killed = platform.project.start("deploy", "--yes", "--wait", "60s", *test)
    until(lambda: platform.at("dev") == platform.head and b"push dev" in _state(platform), what="dev is pushed")  # fmt: skip
    os.kill(killed.pid, signal.SIGKILL)
    finish(killed)
    (platform.root / "go").touch()
    resumed = platform.deploy(*test)
    assert resumed.status == 0, resumed.stdout + resumed.stderr
    assert [step for step, result in steps(resumed) if result == "skipped"] == ["lint", "snapshot", "tests", "push dev"]  # fmt: skip
    assert tested.read_text() == "once\n"
    assert release(platform, "main") == platform.head
    afresh = platform.deploy("--afresh", *test)
    assert [step for step, result in steps(afresh) if result == "skipped"] == ["snapshot", "push dev", "push production"]  # fmt: skip
    assert tested.read_text() == "once\nonce\n"


def _state(platform: Platform) -> bytes:
    file = platform.project.root / ".lockstep" / "deploy.json"
    return file.read_bytes() if file.exists() else b""


def test_production_gets_only_what_dev_holds(platform: Platform) -> None:
    """Somebody else pushed to dev while ours was being verified: production stays as it is, and theirs is named."""
    platform.then('[ -e once ] || { touch once; git update-ref refs/heads/dev "$(git commit-tree -m Theirs -p $1 $1^{tree})"; }')  # fmt: skip
    done = platform.deploy()
    assert done.status == 1
    assert "failed at push production" in done.stdout
    assert f"origin/dev has moved on to {platform.at('dev')[:7]}" in done.stdout
    assert platform.at("main") == ""
    behind = platform.deploy("--dry-run")
    assert behind.status == 1
    assert "which is not in this repository" in behind.stdout
    assert "git fetch origin dev && git merge FETCH_HEAD" in behind.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_it_says_what_is_live(remote: Platform, number: int) -> None:
    """While a stage is waited for: the exit status is the signal's, dev is told as pushed and production as untouched."""
    waiting = remote.project.start("deploy", "--yes", "--wait", "60s", "--json")
    until(lambda: b"push dev" in _state(remote), what="dev is pushed")
    waiting.send_signal(number)
    done = finish(waiting)
    assert done.status == 128 + number
    found = end(done)
    assert (found["status"], found["at"]) == ("interrupted", "verify dev")
    assert found["live"][0]["commit"] == remote.head
    assert found["live"][1]["told"].startswith("untouched: origin/main is not there")
    assert found["todo"] == ["lockstep deploy --yes --json --wait 60s   # goes on from here"]


def test_a_command_that_runs_is_ended_by_a_signal(remote: Platform, tmp_path: Path) -> None:
    """Tests and all that they started end with the deploy; nothing is pushed."""
    pid = tmp_path / "pid"
    test = f"sleep 300 & echo $! > {pid}; wait"
    waiting = remote.project.start("deploy", "--yes", "--test", test)
    until(lambda: pid.exists() and pid.read_text().strip() != "", what="the tests run")
    waiting.send_signal(signal.SIGINT)
    done = finish(waiting)
    assert done.status == 130
    assert "SIGINT received at tests" in done.stdout
    until(lambda: not Path(f"/proc/{pid.read_text().strip()}/cmdline").exists() or Path(f"/proc/{pid.read_text().strip()}/cmdline").read_bytes() == b"", what="the tests end")  # fmt: skip
    assert remote.at("dev") == ""


@pytest.mark.long
def test_a_command_may_deploy_instead_of_a_push(platform: Platform) -> None:
    """It has the commit in LOCKSTEP_RELEASE; what it writes is told, and that it was done is remembered."""
    command = 'git push --quiet origin "$LOCKSTEP_RELEASE:refs/heads/dev" 2>&1; echo done for $LOCKSTEP_RELEASE >> ../log'  # fmt: skip
    url = f"http://127.0.0.1:{platform.ports['dev']}"
    platform.write("lockstep.toml", f'app = "shop"\nstages = "dev"\n[environments.dev]\nplatform = "command"\nurl = "{url}"\ndeploy_command = {json.dumps(command)}\n')  # fmt: skip
    platform.commit("Deploy by command")
    for _ in range(2):
        done = platform.deploy()
        assert done.status == 0, done.stdout
    assert (platform.root / "log").read_text() == f"done for {platform.head}\n"
    assert release(platform, "dev") == platform.head


RAILWAY = """#!/usr/bin/env python3
import json, pathlib, sys
assert sys.argv[1:] == "deployment list --environment dev --service web --limit 10 --json".split(), sys.argv
states = pathlib.Path("../states")
state, *rest = states.read_text().split()
states.write_text(" ".join(rest or [state]))
meta = {"commitHash": pathlib.Path("../commit").read_text()}
print(json.dumps([{"id": "d-1", "status": state, "createdAt": "2026-11-22T12:00:00Z", "meta": meta}]))
"""


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("states", "status"), [("SUCCESS", 0), ("FAILED", 1)])
def test_railways_cli_tells_how_a_deployment_ended(remote: Platform, tmp_path: Path, states: str, status: int) -> None:  # fmt: skip
    """A stand-in on PATH prints what the real one does: a failure ends the waiting at once, with the command for its log."""
    url = f"http://127.0.0.1:{remote.ports['dev']}"
    remote.write("lockstep.toml", f'app = "shop"\nstages = "dev"\n[environments.dev]\nplatform = "railway"\nrailway_service = "web"\nbranch = "dev"\nurl = "{url}"\n')  # fmt: skip
    (remote.root / "commit").write_text(remote.commit("On Railway"))
    (remote.root / "states").write_text(states)
    stand_in = tmp_path / "bin" / "railway"
    stand_in.parent.mkdir()
    stand_in.write_text(RAILWAY)
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    path = f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}"
    done = remote.deploy("--json", "--wait", "100ms", PATH=path)
    assert saw(done, "railway dev") == f"deployment d-1 is {states}"
    last = steps(done)[-1]
    assert last == (("railway dev", "failed") if status else ("verify dev", "failed"))
    assert ("See why: railway logs d-1" in end(done)["todo"]) == bool(status)
    without = remote.deploy("--json", "--wait", "100ms", "--afresh")
    assert "not installed" in saw(without, "railway dev")
