"""From what an earlier release left, with rows in it, the head is what a new database has; or the file that differs is told."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.lockstep.prove.conftest import EXAMPLES, Prove

from lockstep.errors import ConfigurationWrong
from lockstep.prove.releases import release_after, releases_of
from lockstep.prove.subjects import read_subjects
from lockstep.prove.verdicts import Check, Proof

pytestmark = pytest.mark.long

GOOD = ["upgrade_good", "upgrade_repeatable"]


class Bad(NamedTuple):
    """What is said of the way from the release; of which line, if a statement failed."""

    reason: str
    line: int | None = None


BAD = {
    "upgrade_edited": Bad("0001_create.sql is not what v1 shipped: databases that ran it differ"),
    "upgrade_removed": Bad("not the schema that a new database has: + table public.drafts"),
    "upgrade_sorted_between": Bad(
        "not the schema that a new database has: ~ view public.shown_notes"
    ),
    "upgrade_fails_on_rows": Bad(
        'on what v1 left, with rows: 0002_owner.sql: column "owner" of relation "notes" contains null values',
        2,
    ),
}


@pytest.fixture
def upgraded(prove: Prove, tmp_path: Path) -> object:
    """Prove an example's ``today``; its ``v1`` is what the tag v1 of a git repository has."""
    folder = tmp_path / "files"

    def upgraded(example: str) -> Proof:
        shutil.copytree(EXAMPLES / example / "v1", folder)
        identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "1"], ["tag", "v1"]):
            subprocess.run(["git", *identity, *command], cwd=folder, check=True)
        for file in folder.glob("*.sql"):
            file.unlink()
        today = {
            one.name: one.read_text("utf-8") for one in (EXAMPLES / example / "today").iterdir()
        }
        return prove(files=today, releases=releases_of([("migration", folder)]))

    return upgraded


@pytest.mark.parametrize("example", GOOD)
def test_a_release_becomes_the_head(upgraded: Prove, example: str) -> None:
    """What was added since does to its database what it does to a new one."""
    assert _way(upgraded(example)) == Check("ok")


@pytest.mark.parametrize("example", BAD)
def test_a_release_that_does_not_become_the_head_is_told(upgraded: Prove, example: str) -> None:
    """Every file is proven from empty: only the way from the release shows what is wrong."""
    proof = upgraded(example)
    bad, check = BAD[example], _way(proof)
    assert (check.result, check.line) == ("unsafe", bad.line)
    assert bad.reason in check.reason
    assert [one.verdict for one in proof.files] == ["proven"] * len(proof.files)
    assert not proof.proven


@pytest.mark.parametrize("file", ["0001_create.sql", "v1/0001_create.sql"])
def test_a_release_may_end_with_a_file(file: str) -> None:
    """By its name or its path: it shipped that file and all before it."""
    folder = EXAMPLES / "upgrade_fails_on_rows" / "today"
    subjects = read_subjects(folder)
    named = str(folder / "0001_create.sql") if "/" in file else file
    release = release_after(named, subjects)
    assert release.name == "0001_create.sql"
    assert release.subjects == subjects[:1]
    with pytest.raises(ConfigurationWrong, match="no file of this history"):
        release_after("0009_none.sql", subjects)


def test_from_a_release_that_a_file_ends_the_head_is_reached(prove: Prove) -> None:
    """What needs a table without rows does not get from there to the head, though it does from empty."""
    folder = EXAMPLES / "upgrade_fails_on_rows" / "today"
    release = release_after("0001_create.sql", read_subjects(folder))
    files = {one.name: one.read_text("utf-8") for one in folder.iterdir()}
    check = prove(files=files, releases=[release]).history["upgrade from 0001_create.sql"]
    assert (check.result, check.line) == ("unsafe", 2)


def _way(proof: Proof) -> Check:
    return proof.history["upgrade from v1"]
