"""Git as a deploy asks it, on real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lockstep.deploy.budget import Budget
from lockstep.deploy.git import Git, rejection
from lockstep.deploy.plan import push_command
from lockstep.deploy.processes import Processes
from lockstep.deploy.stages import Stage
from lockstep.interrupt import Interrupt

PERSON = {
    f"GIT_{who}_{what}": "a@example.com"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A working tree with one commit, and a bare remote beside it."""
    run(tmp_path, "init", "--quiet", "--bare", "remote.git")
    run(tmp_path, "init", "--quiet", "tree")
    run(tmp_path / "tree", "commit", "--quiet", "--allow-empty", "-m", "First")
    return tmp_path / "tree"


def run(folder: Path, *words: str) -> str:
    """Run git there, and return what it prints."""
    command = ["git", *words]
    environ = {**os.environ, **PERSON}
    return subprocess.run(command, cwd=folder, env=environ, text=True, capture_output=True, check=True).stdout.strip()  # fmt: skip


def made(folder: Path) -> str:
    """Make a commit, and return it."""
    run(folder, "commit", "--quiet", "--allow-empty", "-m", "More")
    return run(folder, "rev-parse", "HEAD")


BUDGET = Budget(30.0, 240.0, 60.0, "assumed", 60.0, 10.0, 10.0)
STAGE = Stage("dev", "https://x", BUDGET, remote="../remote.git", branch="dev")


def git_in(folder: Path) -> Git:
    """Git there, that nothing stops."""
    return Git(Processes(folder, {**os.environ, **PERSON}, Interrupt()))


def test_where_a_branch_is_to_a_commit(tree: Path) -> None:
    """Absent, same, behind, ahead, apart and unknown, without fetching anything; a branch of a longer name is another."""
    git, first = git_in(tree), run(tree, "rev-parse", "HEAD")
    run(tree, "push", "--quiet", STAGE.remote, "HEAD:refs/heads/a/refs/heads/dev")
    assert git.tip(STAGE, first).relation == "absent"
    run(tree, "push", "--quiet", STAGE.remote, "HEAD:refs/heads/dev")
    assert git.tip(STAGE, first).relation == "same"
    assert git.tip(STAGE, first, commits=True).relation == "behind"
    second = made(tree)
    assert git.tip(STAGE, second).relation == "behind"
    run(tree, "push", "--quiet", STAGE.remote, "HEAD:refs/heads/dev")
    assert git.tip(STAGE, first).relation == "ahead"
    other = run(tree, "commit-tree", "-p", first, "-m", "Other", "HEAD^{tree}")
    assert git.tip(STAGE, other).relation == "apart"
    run(tree.parent, "clone", "--quiet", "remote.git", "theirs", "--branch", "dev")
    theirs = made(tree.parent / "theirs")
    run(tree.parent / "theirs", "push", "--quiet", "origin", "dev")
    assert git.tip(STAGE, second) == type(git.tip(STAGE, second))(theirs, "unknown")


def test_a_race_for_a_branch_is_lost_without_force(tree: Path) -> None:
    """Somebody pushed after we had looked: git rejects it, and the reason says what to do."""
    git, ours = git_in(tree), run(tree, "rev-parse", "HEAD")
    theirs = run(tree, "commit-tree", "-m", "Theirs", "HEAD^{tree}")
    run(tree, "push", "--quiet", STAGE.remote, f"{theirs}:refs/heads/dev")
    ended = git.push(push_command(STAGE, ours), lambda _: None)
    assert ended.status == 1
    why, todo = rejection(ended, STAGE)
    assert "has moved meanwhile: [rejected] (non-fast-forward)" in why
    assert todo.startswith("git fetch ../remote.git dev && git merge FETCH_HEAD")
    assert git.remote_commit(STAGE) == theirs


def test_what_is_under_way_and_what_is_changed_is_seen(tree: Path) -> None:
    """A merge that conflicts is no tree at rest; a file that git ignores is no change."""
    git = git_in(tree)
    assert (git.changes(), git.unfinished()) == ((), "")
    (tree / ".gitignore").write_text("ignored\n")
    (tree / "ignored").touch()
    (tree / "a file").write_text("ours")
    assert set(git.changes()) == {".gitignore", "a file"}
    run(tree, "checkout", "--quiet", "-b", "ours")
    run(tree, "add", "--all")
    made(tree)
    run(tree, "checkout", "--quiet", "-b", "theirs", "HEAD^")
    (tree / "a file").write_text("theirs")
    run(tree, "add", "a file")
    made(tree)
    assert subprocess.run(["git", "merge", "ours"], cwd=tree, env={**os.environ, **PERSON}, capture_output=True, check=False).returncode  # fmt: skip
    assert git.unfinished() == "merge"
