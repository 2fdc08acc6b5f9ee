"""What stops a deploy before anything is changed, and what stops a push: nothing is live that is not told."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lockstep.testing import Server

if TYPE_CHECKING:
    from tests.system.deploy.conftest import Platform

UNGUARDED = "create table more (id bigint);"


def dirty(remote: Platform) -> tuple[str, ...]:
    """A file that is not committed."""
    remote.write("new.txt", "new")
    return ()


def with_finding(remote: Platform) -> tuple[str, ...]:
    """A file that cannot run twice."""
    remote.project.migration("0002_more.sql", UNGUARDED)
    remote.commit("More")
    return ()


def with_finding_uncommitted(remote: Platform) -> tuple[str, ...]:
    """The same, to be committed by the deploy: which must not happen."""
    remote.project.migration("0002_more.sql", UNGUARDED)
    return ("-m", "More")


def failing_tests(remote: Platform) -> tuple[str, ...]:
    """Tests that fail."""
    return ("--test", "echo the third test fails; exit 7")


def failing_tests_by_setting(remote: Platform) -> tuple[str, ...]:
    """The same, named in the file."""
    file = remote.project.root / "lockstep.toml"
    file.write_text('test_command = "echo the third test fails; exit 7"\n' + file.read_text())
    remote.commit("Test")
    return ()


def stale_lock_file(remote: Platform) -> tuple[str, ...]:
    """A schema.lock that is not what the migrations add up to."""
    remote.write("schema.lock", "nonsense\n")
    remote.commit("Lock")
    return ()


def apart(remote: Platform) -> tuple[str, ...]:
    """Somebody else's commit in dev."""
    theirs = remote.git("commit-tree", "-m", "Theirs", "HEAD^{tree}")
    remote.git("push", "--quiet", "origin", f"{theirs}:refs/heads/dev")
    return ()


def ahead(remote: Platform) -> tuple[str, ...]:
    """A newer commit in production."""
    remote.commit("Newer")
    remote.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
    remote.git("reset", "--quiet", "--hard", "HEAD^")
    return ()


def hasty(remote: Platform) -> tuple[str, ...]:
    """A platform that waits no longer than a boot may wait for the lock alone."""
    with (remote.project.root / "lockstep.toml").open("a") as file:
        file.write('health_window = "4m"\n')
    remote.commit("Hurry")
    return ()


def unreachable(remote: Platform) -> tuple[str, ...]:
    """A remote that is not there, with a secret in its address."""
    file = remote.project.root / "lockstep.toml"
    gone = 'remote = "http://me:hunter2@127.0.0.1:9/gone.git"'
    file.write_text(file.read_text().replace('remote = "origin"', gone))
    remote.commit("Move")
    return ()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("trouble", "at", "told"),
    [
        (dirty, "plan", "not committed: new.txt"),
        (with_finding, "lint", "0002_more.sql"),
        (with_finding_uncommitted, "lint", "lockstep deploy --yes --without headers --without scheduler --wait 40s --steady 200ms -m More"),
        (failing_tests, "tests", "  | the third test fails"),
        (failing_tests_by_setting, "tests", "exit status 7"),
        (stale_lock_file, "snapshot", "lockstep snapshot"),
        (apart, "plan", "git fetch origin dev && git merge FETCH_HEAD"),
        (ahead, "plan", "git fetch origin main && git merge --ff-only FETCH_HEAD"),
        (hasty, "plan", "a boot may take 390 s: connect 30 s + lock 240 s + files 60 s (assumed) + services 60 s; the platform waits 240 s"),
        (unreachable, "plan", "git ls-remote http://me:***@127.0.0.1:9/gone.git"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_what_is_in_the_way_is_told_and_nothing_is_changed(
    remote: Platform,
    trouble: Callable[[Platform], tuple[str, ...]],
    at: str,
    told: str,
    cluster: Server,
) -> None:
    """Exit status 1, the step and what to do; no commit, no push."""
    arguments = trouble(remote)
    head, branches = remote.head, (remote.at("dev"), remote.at("main"))
    scratch = {"LOCKSTEP_SCRATCH_URL": cluster.conninfo()}
    done = remote.deploy(*arguments, **scratch)
    assert done.status == 1, done.stdout + done.stderr
    assert f"failed at {at}" in done.stdout
    assert told in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    assert (remote.head, (remote.at("dev"), remote.at("main"))) == (head, branches)


def test_a_dry_run_changes_nothing(remote: Platform) -> None:
    """It prints the plan with the very commands, also what is to be committed; nothing is asked, written, committed or pushed."""
    remote.write("new.txt", "new")
    head = remote.head
    done = remote.project.run("deploy", "--dry-run", "-m", "New file")
    assert done.status == 0, done.stdout + done.stderr
    assert "git add --all && git commit -m 'New file'\n" in done.stdout
    assert "git push --porcelain origin HEAD:refs/heads/dev\n" in done.stdout
    assert remote.head == head
    assert remote.at("dev") == ""
    assert remote.git("status", "--porcelain") == "?? new.txt"
    assert not (remote.project.root / ".lockstep").exists()


def test_a_remote_that_rejects_is_quoted(remote: Platform) -> None:
    """Dev declines: nothing is live, and its own words are shown; a race that was lost is told as such."""
    remote.hook("pre-receive", "#!/bin/sh\necho frozen until Monday >&2\nexit 1\n")
    done = remote.deploy()
    assert done.status == 1
    assert "failed at push dev" in done.stdout
    assert "remote: frozen until Monday" in done.stdout
    assert (
        "  why   [remote rejected] (pre-receive hook declined): frozen until Monday\n"
        in done.stdout
    )
    assert "untouched: origin/dev is not there" in done.stdout
    assert remote.at("dev") == ""


def test_a_hook_that_changes_what_is_committed_stops_it(remote: Platform) -> None:
    """What would go out is not what the checks have seen."""
    hook = remote.project.root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho formatted > new.txt\ngit add new.txt\n")
    hook.chmod(0o755)
    remote.write("new.txt", "new")
    done = remote.deploy("-m", "New file")
    assert done.status == 1
    assert "is committed, but a hook changed new.txt" in done.stdout
    assert remote.at("dev") == ""


def test_where_nobody_can_be_asked_it_must_be_said(remote: Platform) -> None:
    """A usage error without --yes; so are a stage that is not there, and one database for two stages."""
    for arguments, told in (
        ((), "nobody can be asked here: say --yes"),
        (("--yes", "--to", "staging"), "there is no stage 'staging'; there are dev, production"),
        (("--yes", "--database", "dbname=x"), "PRODUCTION_DATABASE_URL"),
    ):
        done = remote.project.run("deploy", *arguments)
        assert (done.status, told in done.stderr) == (2, True), done.stderr
    remote.write("lockstep.toml", 'app = "shop"\n')
    unsaid = remote.project.run("deploy", "--yes")
    assert unsaid.status == 78
    assert '[environments.production] branch = "production"' in unsaid.stderr


def test_a_remote_that_is_gone_is_told_with_what_is_live(remote: Platform) -> None:
    """Git's own words, and what still answers, where nothing could be planned."""
    remote.remote.rename(remote.root / "gone.git")
    done = remote.deploy()
    assert done.status == 1
    assert "  why   git ls-remote origin: fatal: " in done.stdout
    assert "  live  dev         origin/dev could not be asked (" in done.stdout
    assert "  next  See that this works: git ls-remote origin\n" in done.stdout


@contextmanager
def at_a_terminal(remote: Platform, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A deploy that takes its standard input for a terminal, and that terminal's other end."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "lockstep", "deploy", "--to", "dev", "--wait", "100ms", *arguments],
        cwd=remote.project.root,
        env={**os.environ, **remote.project.environment},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(theirs)
        try:
            yield process, ours
        finally:
            os.close(ours)


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("answer", "pushed"), [("n", False), ("", False), ("y", True)])
def test_a_person_is_asked(remote: Platform, answer: str, pushed: bool) -> None:
    """Before the first change; everything but yes is no."""
    with at_a_terminal(remote) as (process, terminal):
        os.write(terminal, f"{answer}\n".encode())
        stdout, stderr = process.communicate(timeout=60)
    assert f"Deploy {remote.head[:7]} to dev? [y/N]" in stderr
    assert bool(remote.at("dev")) == pushed
    assert ("not confirmed at push dev" in stdout) != pushed
    assert process.returncode == 1


def test_a_signal_is_an_answer(remote: Platform) -> None:
    """While a person is asked: nothing is pushed, and that is told."""
    with at_a_terminal(remote) as (process, _):
        assert process.stderr is not None
        assert process.stderr.read(7) == "Deploy "
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "SIGINT received at push dev" in stdout
    assert "untouched: origin/dev is not there" in stdout
    assert remote.at("dev") == ""
