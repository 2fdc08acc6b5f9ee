"""A deploy that fails says what is live and why the new release stopped; one that is broken off leaves no push half-done."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from lockstep.testing import Finished, finish

if TYPE_CHECKING:
    from tests.system.deploy.conftest import Platform

QUICK = ("--without", "headers", "--without", "scheduler", "--steady", "0s")


def end(done: Finished) -> dict[str, Any]:
    """How all of it ended."""
    found = done.events[-1]
    assert found["event"] == "Finished"
    return found


def test_the_database_says_why_a_release_did_not_boot(platform: Platform) -> None:
    """A migration fails in dev: the waiting of ten minutes ends, and file, line, reason and next step of that boot are told, above all else."""
    assert platform.deploy().status == 0
    good = platform.head
    platform.project.migration("0002_more.sql", "do $$ begin raise exception 'no more today'; end $$;")  # fmt: skip
    bad = platform.commit("More")
    done = platform.project.run("deploy", "--yes", "--json", *QUICK)
    assert done.status == 1
    found = end(done)
    assert found["at"] == "verify dev"
    assert found["why"].startswith("record: serve on ")
    assert "failed at migrate: 0002_more.sql: no more today" in found["why"]
    assert "(migrations/0002_more.sql:1:1)" in found["why"]
    assert "The file was rolled back" in found["todo"][0]
    assert platform.at("dev") == bad
    assert found["live"][1]["told"] == f"untouched: origin/main is at {good[:7]}; it still serves {good[:7]}"  # fmt: skip
    again = platform.project.run("deploy", "--yes", *QUICK, "--wait", "1s")
    assert again.status == 1
    assert "\n  why   record: serve on " in again.stdout
    assert "git commit --allow-empty -m 'Deploy again' && lockstep deploy --yes" in again.stdout


def test_without_its_database_it_is_told_what_would_say_more(remote: Platform) -> None:
    """By the name of the variable."""
    done = remote.deploy("--wait", "100ms")
    assert "With DEV_DATABASE_URL set, what the boot recorded there is told." in done.stdout


def pushing(remote: Platform) -> subprocess.Popen[str]:
    """A deploy whose push waits in the remote's hook, until there is a file named go."""
    remote.hook("post-receive", f"#!/bin/sh\necho hooked\nwhile [ ! -e '{remote.root}/go' ]; do sleep 0.05; done\ntouch '{remote.root}/went'\n")  # fmt: skip
    process = remote.project.start("deploy", "--yes", "--json", *QUICK)
    heard(process, "remote: hooked")
    return process


def heard(process: subprocess.Popen[str], words: str) -> None:
    """Read on until something says these words."""
    assert process.stdout is not None
    while words not in (line := process.stdout.readline()):
        assert line, f"it never said {words!r}"


@pytest.mark.sampled(1)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_a_push_come_to_its_end(remote: Platform, number: int) -> None:
    """The remote's hook is what deploys, and no second push of the commit would start it again; then it stops, and remembers the push."""
    process = pushing(remote)
    process.send_signal(number)
    heard(process, "this is waited for; a second one breaks it off")
    assert not (remote.root / "went").exists()
    (remote.root / "go").touch()
    done = finish(process)
    assert done.status == 128 + number
    assert (remote.root / "went").exists()
    assert (end(done)["status"], end(done)["at"]) == ("interrupted", "verify dev")
    known = json.loads((remote.project.root / ".lockstep" / "deploy.json").read_text())
    assert "push dev" in known["done"]


def test_a_second_signal_breaks_a_push_off(remote: Platform) -> None:
    """At once, and nobody is asked any more what is live."""
    process = pushing(remote)
    process.send_signal(signal.SIGINT)
    heard(process, "a second one breaks it off")
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.status == 130
    assert (end(done)["status"], end(done)["at"]) == ("interrupted", "push dev")
    assert [one["told"] for one in end(done)["live"]] == ["not asked, for a second signal came"] * 2
