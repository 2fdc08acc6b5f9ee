"""What may be a file of the history, in which order, and under which checksum."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.errors import ConfigurationWrong, FilesRejected
from lockstep.migrate.files import Shipped, checksum_of, read_shipped

SQL = b"SELECT 1;\n"
UNPRIVILEGED = """
import os, sys
from pathlib import Path
from lockstep.errors import LockstepError
from lockstep.migrate.files import read_shipped
if os.geteuid() == 0:
    os.setuid(65534)
try:
    read_shipped(Path(sys.argv[1]), Path(sys.argv[2]), "test")
except LockstepError as error:
    print(error.what, *(f"{p.place}: {p.what}" for p in error.problems), sep=chr(10))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for migrations."""
    made = tmp_path / "migrations"
    made.mkdir()
    return made


@pytest.fixture
def readable_by_all() -> Iterator[Path]:
    """A folder that any user may enter: permission bits bind root only after it became somebody else."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def read(folder: Path, environment: str = "development") -> Shipped:
    """Read the migrations of *folder*, and the seeds beside it."""
    return read_shipped(folder, folder.parent / "seeds", environment)


def refused(folder: Path) -> list[str]:
    """Return the problems for which the files are refused."""
    with pytest.raises(FilesRejected) as caught:
        read(folder)
    assert caught.value.exit_status == 65
    return [f"{p.place}: {p.what}" for p in caught.value.problems]


def test_files_are_read_in_the_order_of_their_names(folder: Path) -> None:
    """Byte by byte, whatever their ending's case; hidden files and other endings are not looked at."""
    names = ["0002_b.sql", "0001_a.SQL", "0010_c.sql", "z.sql", '0001_ü 50% "it\'s".sql']
    for name in [*names, ".0003_hidden.sql", "README.md", "0004_x.sql.bak", "sql"]:
        (folder / name).write_bytes(SQL)
    assert [file.name for file in read(folder).migrations] == sorted(names)


def test_two_files_may_share_a_number(folder: Path) -> None:
    """Two branches often do; names decide."""
    for name in ("0007_b.sql", "0007_a.sql"):
        (folder / name).write_bytes(SQL)
    assert [file.name for file in read(folder).migrations] == ["0007_a.sql", "0007_b.sql"]


def test_a_name_may_be_as_long_as_the_system_allows(folder: Path) -> None:
    """255 bytes: nothing is cut off."""
    name = "0001_" + "é" * 123 + ".sql"
    (folder / name).write_bytes(SQL)
    assert [file.name for file in read(folder).migrations] == [name]


@given(st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"")), min_size=2))
def test_the_checksum_does_not_see_windows(lines: list[bytes]) -> None:
    """A checkout with CRLF is the same file; every other byte counts, a lone CR among them."""
    lines = [line.rstrip(b"\r") for line in lines]
    unix = b"\n".join(lines)
    assert checksum_of(b"\r\n".join(lines)) == checksum_of(unix)
    for other in (unix + b"\n", unix + b"\r", b" " + unix, unix.replace(b"\n", b"\r")):
        assert checksum_of(other) != checksum_of(unix)


def test_all_unfit_files_of_both_folders_are_named_at_once(folder: Path, tmp_path: Path) -> None:
    """A folder, a pipe, names that cannot be shown, case, numbers; one refusal, and nothing hangs."""
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (folder / "0001_folder.sql").mkdir()
    os.mkfifo(folder / "0002_pipe.sql")
    os.mkfifo(seeds / "0001_pipe.sql")
    (folder / "0003_line\nbreak.sql").write_bytes(SQL)
    Path(os.fsdecode(os.fsencode(folder) + b"/0004_\xff.sql")).write_bytes(SQL)
    for name in ("0005_Users.sql", "0005_users.sql", "9_nine.sql", "10_ten.sql"):
        (folder / name).write_bytes(SQL)
    assert refused(folder) == [
        "migrations/0001_folder.sql: is a folder, not a file",
        "migrations/0002_pipe.sql: is not a regular file",
        "migrations/0003_line\\nbreak.sql: has a name that cannot be shown: invisible characters, or bytes that are not UTF-8",
        "migrations/0004_\\udcff.sql: has a name that cannot be shown: invisible characters, or bytes that are not UTF-8",
        "migrations/0005_users.sql: differs from '0005_Users.sql' in case only",
        "migrations/9_nine.sql: sorts after '10_ten.sql', though its number is smaller",
        "seeds/0001_pipe.sql: is not a regular file",
    ]


def test_links(folder: Path, tmp_path: Path) -> None:
    """One inside the folder is a file; one that leads out, nowhere or to itself is named with its target."""
    (tmp_path / "elsewhere.sql").write_bytes(SQL)
    (folder / "..data").mkdir()
    (folder / "..data" / "0001_a.sql").write_bytes(SQL)
    (folder / "0001_a.sql").symlink_to("..data/0001_a.sql")
    assert [file.raw for file in read(folder).migrations] == [SQL]

    (folder / "0002_out.sql").symlink_to("../elsewhere.sql")
    (folder / "0003_nowhere.sql").symlink_to("gone.sql")
    (folder / "0004_itself.sql").symlink_to("0004_itself.sql")
    (folder / "0005_folder.sql").symlink_to("..data")
    outside = tmp_path.resolve() / "elsewhere.sql"
    assert refused(folder) == [
        f"migrations/0002_out.sql: is a link to {outside}, outside of the folder: what runs must be what is shipped",
        "migrations/0003_nowhere.sql: cannot be read: No such file or directory",
        "migrations/0004_itself.sql: cannot be read: Too many levels of symbolic links",
        "migrations/0005_folder.sql: is a folder, not a file",
    ]


def test_a_link_to_the_folder_itself_is_no_link_out_of_it(folder: Path, tmp_path: Path) -> None:
    """Deploys that switch a `current` link work."""
    (folder / "0001_a.sql").write_bytes(SQL)
    (folder / "0002_b.sql").symlink_to("0001_a.sql")
    (tmp_path / "current").symlink_to(folder)
    assert len(read(tmp_path / "current").migrations) == 2


def test_a_file_that_may_not_be_read(readable_by_all: Path) -> None:
    """It is named as one among others."""
    migrations = readable_by_all / "migrations"
    migrations.mkdir()
    (migrations / "0001_a.sql").write_bytes(SQL)
    (migrations / "0002_secret.sql").write_bytes(SQL)
    (migrations / "0002_secret.sql").chmod(0)
    said = unprivileged(migrations, readable_by_all / "seeds")
    assert said[1:] == ["migrations/0002_secret.sql: cannot be read: Permission denied"]


def test_a_folder_that_may_not_be_read(readable_by_all: Path) -> None:
    """The seeds folder may be absent, but not shut; a shut place of migrations is one without any."""
    for name in ("migrations", "shut", "around"):
        (readable_by_all / name).mkdir()
    (readable_by_all / "around" / "migrations").mkdir()
    for name in ("shut", "around"):
        (readable_by_all / name).chmod(0)
    said = unprivileged(readable_by_all / "migrations", readable_by_all / "shut")
    assert said == [f"the folder {readable_by_all / 'shut'} cannot be read: Permission denied"]
    (inside,) = unprivileged(readable_by_all / "around" / "migrations", readable_by_all / "seeds")
    assert inside.startswith("there is no migrations folder at")
    (readable_by_all / "around").chmod(0o755)


def unprivileged(migrations: Path, seeds: Path) -> list[str]:
    """Read both folders in a process that permission bits bind, and return what it says."""
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, migrations, seeds],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.splitlines()


def test_no_folder_of_migrations(tmp_path: Path) -> None:
    """It is a setting that is wrong: the message says where it was sought and how to begin."""
    (tmp_path / "file").write_bytes(SQL)
    for missing in (tmp_path / "migrations", tmp_path / "file"):
        with pytest.raises(ConfigurationWrong, match="there is no migrations folder") as caught:
            read_shipped(missing, tmp_path / "seeds", "development")
        assert "lockstep new" in caught.value.next_step


def test_seeds_may_be_absent_but_not_a_file(folder: Path, tmp_path: Path) -> None:
    """A path that leads to something else is a mistake, and said to be one."""
    assert read(folder).seeds == ()
    (tmp_path / "seeds").write_bytes(SQL)
    with pytest.raises(ConfigurationWrong, match="seeds cannot be read: Not a directory"):
        read(folder)


def test_seeds_of_other_environments_are_not_shipped_here(folder: Path, tmp_path: Path) -> None:
    """`only` decides; a broken directive ships it, to be refused when it is examined."""
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "0001_all.sql").write_bytes(SQL)
    (seeds / "0002_demo.sql").write_bytes(b"-- lockstep: only development, test\r\n" + SQL)
    (seeds / "0003_broken.sql").write_bytes(b"-- lockstep: only\n" + SQL)
    (seeds / "0004_not_utf8.sql").write_bytes(b"-- \xff\n-- lockstep: only staging\n" + SQL)

    def shipped(environment: str) -> list[str]:
        return [file.name[:4] for file in read(folder, environment).seeds]

    assert shipped("test") == ["0001", "0002", "0003"]
    assert shipped("production") == ["0001", "0003"]
    assert shipped("staging") == ["0001", "0003", "0004"]
