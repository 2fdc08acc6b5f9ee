"""Which files paths mean, which of them are one history, in which order, and under which names."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.lint.sources import NotFound, Places, read_histories


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(root: Path, *names: str) -> None:
    """Write files that hold their own names."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")


def histories(root: Path, *paths: str, stdin: tuple[str, bytes] | None = None) -> list[list[str]]:
    """Return the names of the files in each history, those that are not reported in parentheses."""
    places = Places(root, root / "migrations", root / "seeds")
    return [
        [file.name if file.reported else f"({file.name})" for file in history]
        for history in read_histories(paths, places, stdin)
    ]


def test_without_a_path_it_is_the_projects_own_folders(root: Path) -> None:
    """Migrations, then seeds, as one history; hidden files and other endings are not looked at."""
    made(root, "migrations/0002_b.sql", "migrations/0001_a.SQL", "seeds/0001_s.sql")
    made(
        root, "migrations/.hidden.sql", "migrations/README.md", "migrations/.git/0003.sql", "x.sql"
    )
    assert histories(root) == [
        ["migrations/0001_a.SQL", "migrations/0002_b.sql", "seeds/0001_s.sql"]
    ]


def test_without_a_path_and_without_folders_somebody_must_say_what(root: Path) -> None:
    """It is not passed over as clean."""
    with pytest.raises(NotFound, match=r"there is no migrations folder at .*; name what to lint"):
        histories(root)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["db/10_b.sql", "db/2_a.sql"], [["db/2_a.sql", "db/10_b.sql"]]),
        (["db/1/up.sql", "db/1/down.sql", "db/2/up.sql"], [["db/1/up.sql", "db/2/up.sql"]]),
        (["db/a b/up.sql", "db/c/up.sql"], [["db/a b/up.sql", "db/c/up.sql"]]),
        (["db/20240101_x/migration.sql", "db/20240102_y/migration.sql"],
         [["db/20240101_x/migration.sql", "db/20240102_y/migration.sql"]]),
        (["db/1_x.up.sql", "db/1_x.down.sql"], [["db/1_x.up.sql"]]),
        (["db/v1/1.sql", "db/v1/2.sql", "db/v2/3.sql"], [["db/v1/1.sql", "db/v1/2.sql", "db/v2/3.sql"]]),
        (["db/one.sql/1.sql", "db/one.sql/2.sql"], [["db/one.sql/1.sql", "db/one.sql/2.sql"]]),
        (["db/shop/1.sql", "db/shop/2.sql", "db/blog/1.sql"], [["db/blog/1.sql"], ["db/shop/1.sql", "db/shop/2.sql"]]),
        (["db/notes.txt"], []),
        (["db/1/down.sql"], []),
    ],
)  # fmt: skip
def test_a_folder(root: Path, files: list[str], expected: list[list[str]]) -> None:
    """Below it a folder is a history, together with the folders of it that are one migration or one version each."""
    made(root, *files)
    assert histories(root, "db") == expected


def test_the_folder_that_was_named_ends_the_search(root: Path) -> None:
    """Also if it looks like a version itself, and whichever way it is written."""
    made(root, "2024/1.sql", "2024/2/up.sql")
    assert histories(root, "./2024/") == [["2024/1.sql", "2024/2/up.sql"]]
    assert histories(root, "2024/2") == [["2024/2/up.sql"]]


def test_files_named_singly_are_judged_with_those_before_them(root: Path) -> None:
    """If they are the project's own; only they are reported."""
    made(root, "migrations/1.sql", "migrations/2.sql", "seeds/1.sql", "other/1.sql", "other/2.sql")
    assert histories(root, "migrations/2.sql") == [
        ["(migrations/1.sql)", "migrations/2.sql", "(seeds/1.sql)"]
    ]
    assert histories(root, "other/2.sql", "other/1.sql") == [["other/1.sql", "other/2.sql"]]
    assert histories(root, "seeds/1.sql", "other/2.sql") == [
        ["(migrations/1.sql)", "(migrations/2.sql)", "seeds/1.sql"],
        ["other/2.sql"],
    ]


def test_a_file_that_is_named_needs_no_ending(root: Path) -> None:
    """But one that only runs backward is nothing to judge; and twice named is once."""
    made(root, "schema.ddl", "down.sql")
    assert histories(root, "schema.ddl", "./schema.ddl", str(root / "schema.ddl"), "down.sql") == [
        ["schema.ddl"]
    ]


def test_stdin_has_a_name(root: Path) -> None:
    """Its own, or that of the project's file which it will become: then it is judged in that file's place."""
    made(root, "migrations/1.sql", "migrations/2.sql", "migrations/3.sql")
    assert histories(root, "-", stdin=("<stdin>", b"SELECT 1")) == [["<stdin>"]]
    assert histories(root, "-", stdin=("x/y.sql", b"")) == [["x/y.sql"]]
    places = Places(root, root / "migrations", root / "seeds")
    ((*_, second, third),) = read_histories(["-"], places, ("migrations/2.sql", b"new"))
    assert (second.name, second.path, second.raw, second.reported) == (
        "migrations/2.sql",
        None,
        b"new",
        True,
    )
    assert (third.name, third.reported) == ("migrations/3.sql", False)
    assert histories(root, "-", stdin=("migrations/4.sql", b""))[0][-1] == "migrations/4.sql"


def test_seeds_inside_of_migrations_come_last_and_once(root: Path) -> None:
    """However the folders lie, a file is in the history once."""
    made(root, "db/1.sql", "db/seeds/1.sql")
    places = Places(root, root / "db", root / "db" / "seeds")
    ((first, second),) = read_histories([], places)
    assert (first.name, second.name) == ("db/1.sql", "db/seeds/1.sql")


@pytest.mark.parametrize("name", ["nope.sql", "no/where", "link.sql"])
def test_a_path_that_leads_nowhere(root: Path, name: str) -> None:
    """It is named."""
    (root / "link.sql").symlink_to("gone.sql")
    with pytest.raises(NotFound, match=f"there is no file or folder {name}"):
        histories(root, name)


def test_what_lies_in_a_folder_and_cannot_be_read_is_named(root: Path) -> None:
    """A file that is not looked at must not pass for a clean one."""
    made(root, "db/1.sql")
    (root / "db" / "2.sql").symlink_to("gone.sql")
    with pytest.raises(NotFound, match=r"db/2\.sql cannot be read: No such file or directory"):
        histories(root, "db")
