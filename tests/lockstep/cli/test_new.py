"""``lockstep new``: the next file, its path on stdout for a script or an editor to open; no database is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockstep.testing import Project

NOWHERE = "postgresql://127.0.0.1:1/nowhere"


@pytest.fixture
def files(tmp_path: Path) -> Project:
    """A project whose database cannot be reached."""
    return Project(tmp_path / "project", NOWHERE)


def made(files: Project, *arguments: str) -> Path:
    """Run ``lockstep new``; return the path that it prints, relative to the project."""
    ended = files.run("new", *arguments)
    assert (ended.status, ended.stderr) == (0, ""), ended.stderr
    return Path(ended.stdout.removesuffix("\n")).relative_to(files.root.resolve())


def test_the_next_file_is_made_and_its_path_printed(files: Project) -> None:
    """Numbered after the last, and before the repair that stays last."""
    files.migration("9999_production_repair_idempotent.sql", "SELECT 1;")

    assert made(files, "create_users") == Path("migrations/0001_create_users.sql")
    assert made(files, "Add project id") == Path("migrations/0002_add_project_id.sql")
    text = (files.root / "migrations" / "0002_add_project_id.sql").read_text()
    assert text.startswith("-- Why: Add project id\n")


def test_the_width_of_numbers_is_kept(files: Project) -> None:
    """A project that numbers with three digits goes on doing so."""
    files.migration("041_add_title.sql", "SELECT 1;")

    assert made(files, "more") == Path("migrations/042_more.sql")


def test_a_seed_goes_to_the_seeds(files: Project) -> None:
    """Into a folder that need not be there yet."""
    assert made(files, "--seed", "first_users") == Path("seeds/0001_first_users.sql")


def test_json_names_the_file(files: Project) -> None:
    """As one object."""
    ended = files.run("new", "create_users", "--json")

    path = files.root.resolve() / "migrations" / "0001_create_users.sql"
    assert json.loads(ended.stdout) == {"file": str(path)}
    assert path.exists()


def test_the_folder_may_be_named(files: Project) -> None:
    """By option, as everywhere."""
    assert made(files, "more", "--migrations", "db/changes") == Path("db/changes/0001_more.sql")


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("../../etc/passwd", "0001_etc_passwd.sql"),
        ("drop'; --x", "0001_drop_x.sql"),
        ("Größe ändern", "0001_gr_e_ndern.sql"),
        ("x" * 300, f"0001_{'x' * 100}.sql"),
    ],
)
def test_an_odd_name_makes_a_plain_file(files: Project, phrase: str, name: str) -> None:
    """Letters, digits and underscores, in the folder and nowhere else."""
    assert made(files, phrase) == Path("migrations") / name


@pytest.mark.parametrize("phrase", ["", "!!!", "日本"])
def test_a_name_without_letters_is_refused(files: Project, phrase: str) -> None:
    """Exit 78 with an example; nothing is made."""
    ended = files.run("new", phrase)

    assert (ended.status, ended.stdout) == (78, "")
    assert "makes no file name" in ended.stderr
    assert "For example: lockstep new add_project_id_to_content" in ended.stderr
    assert list((files.root / "migrations").iterdir()) == []


def test_what_is_made_runs(project: Project) -> None:
    """The header is one that a boot accepts, even before anything is written under it."""
    made(project, "create_users")
    path = project.root / "migrations" / "0001_create_users.sql"
    path.write_text(path.read_text() + "CREATE TABLE IF NOT EXISTS users (id bigint);\n")

    assert project.run("up").status == 0
