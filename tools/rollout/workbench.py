"""The developer's side: a working copy of the studio, a commit for each release, and the command that deploys it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lockstep.sql.parser import parse
from rollout.chain import Release

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
_MIGRATIONS = Path("src") / "studio" / "migrations"
_REPAIR = "9999_production_repair_idempotent"
_REVISION = '''"""{name}"""

from alembic import op

revision = {revision!r}
down_revision = {before!r}
STATEMENTS = {statements!r}


def upgrade() -> None:
    connection = op.get_bind()
    {block}
        for statement in STATEMENTS:
            connection.exec_driver_sql(statement.replace("%", "%%"))
'''


@dataclass(frozen=True, slots=True)
class Deployed:
    """How a deploy ended: whether its command said that all went well, and what it said."""

    well: bool
    said: str


class Workbench:
    """A working copy in *folder*, whose commits are deployed to *url*, which runs on *database*."""

    def __init__(
        self,
        folder: Path,
        remote: Path,
        url: str,
        database: str,
        scratch: str,
        *,
        by_lockstep: bool,
    ) -> None:
        self.folder = folder
        self._by_lockstep = by_lockstep
        self._database = database
        names = ("PATH", "LANG")
        self._environment = {name: os.environ[name] for name in names if name in os.environ} | {
            "HOME": str(folder.parent),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "LOCKSTEP_ENV": "development",
            "LOCKSTEP_SCRATCH_URL": scratch,
            "PRODUCTION_DATABASE_URL": database,
            "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(folder)]),
            **{f"GIT_{who}_{what}": "rollout@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }  # fmt: skip
        folder.mkdir()
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / "src", folder / "src", ignore=ignored)
        shutil.copytree(HERE / "project", folder, dirs_exist_ok=True, ignore=ignored)
        settings = (folder / "lockstep.toml").read_text(encoding="utf-8")
        (folder / "lockstep.toml").write_text(settings.replace("@URL@", url), encoding="utf-8")
        (folder / ".gitignore").write_text(".lockstep/\n__pycache__/\n", encoding="utf-8")
        self.run("git", "init", "--quiet", "--initial-branch=main")
        self.run("git", "remote", "add", "origin", str(remote))

    def commit(self, release: Release) -> None:
        """Make the commit of *release*."""
        if release.how == "revert" or release.instead:
            self.run("git", "revert", "--no-edit", "HEAD")
        if release.how == "revert":
            return
        by_hand = ("08-put-back",) if release.how == "repair" and not self._by_lockstep else ()
        for name in (*release.folders, *by_hand):
            shutil.copytree(HERE / "releases" / name, self.folder, dirs_exist_ok=True)
        for path in self.folder.glob("*.sql"):
            path.replace(self.folder / _MIGRATIONS / path.name)
        if release.how == "repair" and self._by_lockstep:
            self._repair()
        self._write_revisions()
        self.run(sys.executable, "-m", "lockstep", "snapshot")
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "-m", release.title)

    def deploy(self) -> Deployed:
        """Deploy the newest commit, with ``lockstep deploy`` or by a push alone."""
        command = ["git", "push", "origin", "HEAD:main"]
        if self._by_lockstep:
            command = [sys.executable, "-m", "lockstep", "deploy", "--yes", "--wait", "10s", "--steady", "2s"]  # fmt: skip
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )  # fmt: skip
        said = done.stdout + done.stderr
        number = len(list(self.folder.parent.glob("deploy*.txt")))
        (self.folder.parent / f"deploy{number:02}.txt").write_text(said, encoding="utf-8")
        return Deployed(done.returncode == 0 and "✗ not rolled out" not in said, said)

    def run(self, *command: str) -> str:
        """Run a command in the working copy; raises ``SystemExit`` with what it said if it fails."""
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _repair(self) -> None:
        """Have the repair of the production database written, as its operator would."""
        out = _MIGRATIONS / f"{_REPAIR}.sql"
        self.run(sys.executable, "-m", "lockstep", "repair", "--database", self._database, "-o", str(out))  # fmt: skip

    def _write_revisions(self) -> None:
        """Write one of Alembic's revisions for each migration: the same statements, the same transactions."""
        versions = self.folder / "alembic" / "versions"
        shutil.rmtree(versions, ignore_errors=True)
        versions.mkdir(parents=True)
        before = None
        for path in sorted((self.folder / _MIGRATIONS).glob("*.sql")):
            text = path.read_text(encoding="utf-8")
            alone = "-- lockstep: no-transaction" in text
            block = "with op.get_context().autocommit_block():" if alone else "if True:"
            statements = [statement.text for statement in parse(text)]
            revision = path.stem.partition("_")[0]
            (versions / f"{path.stem}.py").write_text(
                _REVISION.format(name=path.stem, revision=revision, before=before, statements=statements, block=block),
                encoding="utf-8",
            )  # fmt: skip
            before = revision
