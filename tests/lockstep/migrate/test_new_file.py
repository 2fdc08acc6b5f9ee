"""`lockstep new`: the next number, a name, and a header that the examination accepts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.errors import ConfigurationWrong
from lockstep.migrate.files import read_shipped
from lockstep.migrate.header import Header
from lockstep.migrate.new_file import next_file


def names(folder: Path) -> list[str]:
    """List a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("present", "made"),
    [
        ([], "0001_add_it.sql"),
        (["0001_a.sql"], "0002_add_it.sql"),
        (["0001_a.sql", "0009_b.sql"], "0010_add_it.sql"),
        (["1_a.sql", "9_b.sql"], "10_add_it.sql"),
        (["1_a.sql"], "2_add_it.sql"),
        (["0001_a.sql", "9999_repair.sql"], "0002_add_it.sql"),
        (["20260101120000_a.sql"], "20260101120001_add_it.sql"),
        (["a.sql", "README.md"], "0001_add_it.sql"),
    ],
)
def test_the_next_number(tmp_path: Path, present: list[str], made: str) -> None:
    """One more than the largest, in the width of those that are there; nines stay last."""
    for name in present:
        (tmp_path / name).touch()
    assert next_file(tmp_path, "Add it!", seed=False).name == made


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=12))
def test_what_is_made_is_a_history(
    tmp_path_factory: pytest.TempPathFactory, phrases: list[str]
) -> None:
    """Whatever the phrases: every file is new, sorts after the one before, and is accepted as it is."""
    folder = tmp_path_factory.mktemp("project") / "migrations"
    made = []
    for phrase in phrases:
        try:
            made.append(next_file(folder, phrase, seed=False).name)
        except ConfigurationWrong as error:
            assert "makes no file name" in error.what  # noqa: PT017
    assert made == sorted(set(made))
    if made:
        shipped = read_shipped(folder, folder / "none", "development")
        assert [file.name for file in shipped.migrations] == made
        assert {file.header for file in shipped.migrations} == {Header()}


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    """Its number is taken, so it cannot be the next."""
    first = next_file(tmp_path / "new" / "folder", "create users", seed=False)
    first.write_text("SELECT 1;")
    second = next_file(first.parent, "create users", seed=False)
    assert (first.read_text(), second.name) == ("SELECT 1;", "0002_create_users.sql")


def test_a_seed_says_what_seeds_need(tmp_path: Path) -> None:
    """Natural keys, and environments."""
    text = next_file(tmp_path, "add_first_users", seed=True).read_text()
    assert text.startswith("-- Why: add first users\n")
    assert "ON CONFLICT (key) DO NOTHING" in text


@pytest.mark.parametrize("phrase", ["", "   ", "!!!", "日本", "_"])
def test_a_phrase_without_letters_is_refused(tmp_path: Path, phrase: str) -> None:
    """And nothing is made."""
    with pytest.raises(ConfigurationWrong, match="makes no file name"):
        next_file(tmp_path / "migrations", phrase, seed=False)
    assert names(tmp_path) == []
