"""What git knows, and the two things that a deploy lets it do: commit, and move a branch forward. Nothing is ever forced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lockstep.deploy.plan import Tip
from lockstep.deploy.processes import Ended, Processes, may_ask
from lockstep.deploy.stages import Stage
from lockstep.deploy.stopping import StepFailed
from lockstep.errors import ConfigurationWrong
from lockstep.values import dataclass

_UNFINISHED = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}


_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one working tree; a remote may take ``patience`` seconds to answer."""

    processes: Processes
    patience: float = 60.0

    def head(self) -> str:
        """Return the commit that is checked out; raises ``ConfigurationWrong`` where there is none."""
        done = self._run("rev-parse", "--verify", "HEAD")
        if done.status:
            raise ConfigurationWrong(
                f"there is no commit here: {done.text.strip()}",
                next_step="Deploys are of commits: git init, git add, git commit, git remote add.",
            )
        return done.text.strip()

    def changes(self) -> tuple[str, ...]:
        """Return the files that are not committed."""
        done = self._run("status", "--porcelain", "--untracked-files=normal", "--no-renames")
        _hold(done, "git status")
        return tuple(line[3:].strip('"') for line in done.lines)

    def unfinished(self) -> str:
        """Return what git is in the middle of: a merge, a rebase; empty if nothing."""
        folder = Path(self._run("rev-parse", "--absolute-git-dir").text.strip())
        found = (word for name, word in _UNFINISHED.items() if (folder / name).exists())
        return next(found, "")

    def tip(self, stage: Stage, head: str, *, commits: bool = False) -> Tip:
        """Ask the remote what the stage's branch is at; *commits*: a commit on top of *head* will be deployed."""
        commit = self.remote_commit(stage)
        if not commit:
            return Tip("", "absent")
        if commit == head:
            return Tip(commit, "behind" if commits else "same")
        if self._run("cat-file", "-e", f"{commit}^{{commit}}").status:
            return Tip(commit, "unknown")
        if self._contains(head, commit):
            return Tip(commit, "behind")
        return Tip(commit, "ahead" if self._contains(commit, head) else "apart")

    def remote_commit(self, stage: Stage) -> str:
        """Return what the stage's branch is at, at the remote; empty where there is none."""
        reference = f"refs/heads/{stage.branch}"
        done = self._run(
            "ls-remote", "--quiet", stage.remote, reference, terminal=True, timeout=self.patience
        )
        _hold(done, f"git ls-remote {stage.remote}")
        found = [line.split("\t") for line in done.lines if "\t" in line]
        return next((words[0] for words in found if words[1] == reference), "")

    def commit_all(self, message: str, heard: Callable[[str], None]) -> tuple[Ended, Sequence[str]]:
        """Commit everything that is there; return how that went, and which files a hook changed on the way."""
        for words in (("add", "--all"), ("write-tree",)):
            done = self._run(*words)
            if done.status:
                return done, ()
        ended = self._run("commit", "-m", message, heard=heard, terminal=True)
        if ended.status:
            return ended, ()
        changed = self._run("diff", "--name-only", done.text.strip(), "HEAD").lines
        return ended, (*changed, *self.changes())

    def push(self, command: Sequence[str], heard: Callable[[str], None]) -> Ended:
        """Run the command of a step that pushes."""
        return self._run(*command[1:], heard=heard, terminal=True)

    def _contains(self, commit: str, earlier: str) -> bool:
        return self._run("merge-base", "--is-ancestor", earlier, commit).status == 0

    def _run(
        self,
        *words: str,
        heard: Callable[[str], None] = lambda _: None,
        terminal: bool = False,
        timeout: float = 0.0,
    ) -> Ended:
        return self.processes.run(
            ("git", *words), heard, terminal=terminal, timeout=timeout,
            LC_ALL="C", GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="1" if terminal and may_ask() else "0",
        )  # fmt: skip


def _hold(done: Ended, asked: str) -> None:
    if done.status:
        told = " ".join(line.strip() for line in done.lines) or "no answer"
        todo = f"See that this works: {asked}"
        raise StepFailed(f"{asked}: {told}", "git answers", todo)


def rejection(done: Ended, stage: Stage) -> tuple[str, str]:
    """Return why a push was rejected, and what to do about it."""
    lines = [line for line in done.lines if line.startswith("!")]
    said = lines[0].rpartition("\t")[2] if lines else " ".join(done.lines[-3:]).strip()
    if remote := [line.removeprefix("remote:").strip() for line in done.lines if line.startswith("remote:")]:  # fmt: skip
        said += f": {' '.join(word for word in remote[-_SHOWN:] if word)}"
    if any(word in said for word in ("fetch first", "non-fast-forward", "cannot lock ref")):
        fetch = f"git fetch {stage.remote} {stage.branch} && git merge FETCH_HEAD"
        return f"{stage.where} has moved meanwhile: {said}", f"{fetch}, then deploy the result; nothing is ever forced."  # fmt: skip
    return said or f"exit status {done.status}", "Read what the remote said above; once it lets the push through, run the same command again."  # fmt: skip
