"""Any directory will do, and what will not is refused with a sentence."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import psycopg
import pytest

from lockstep.embedded import find, locks, start
from lockstep.embedded.place import LONGEST_SOCKET_PATH, storage_problems
from lockstep.errors import ConfigurationWrong, DatabaseUnreachable, LockNotObtained


def data_of(conninfo: str) -> Path:
    """Return the data directory as the server names it."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        return Path(row[0])


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        'it\'s "quoted" \\ and $HOME `id`',
        "comma, and 100% ünïcödé",
        "-dash=x;y",
    ],
)
def test_directories_may_have_any_name(directory: Path, made: Path, name: str) -> None:
    """Spaces, quotes, commas and letters of all languages in the path change nothing."""
    root = Path(shutil.copytree(made, directory / name / ".lockstep"))
    with start(root, durable=False) as cluster:
        assert data_of(cluster.conninfo()) == cluster.directory / "data"
        assert data_of(cluster.url()) == cluster.directory / "data"


def test_initdb_takes_any_name_too(directory: Path) -> None:
    """A data directory is made in a path with spaces and quotes."""
    with start(directory / 'it\'s "new" & $HOME', durable=False) as cluster:
        assert data_of(cluster.conninfo()).is_relative_to(directory)


def test_a_long_path_puts_the_socket_elsewhere(directory: Path, made: Path) -> None:
    """A socket path longer than the system allows moves to a private directory, which goes with the server."""
    root = Path(shutil.copytree(made, directory / ("long" * 30) / "root"))
    with start(root, durable=False) as cluster:
        sockets = Path(cluster.socket_directory)
        assert not sockets.is_relative_to(root)
        assert sockets.stat().st_mode & 0o077 == 0
        assert data_of(cluster.conninfo()) == cluster.directory / "data"
        with start(root, durable=False) as joined:
            assert joined.socket_directory == cluster.socket_directory
    assert not sockets.exists()


def test_the_longest_socket_path_still_fits(directory: Path, made: Path) -> None:
    """At exactly the limit the socket stays beside the data."""
    (home,) = made.glob("pg*")
    missing = LONGEST_SOCKET_PATH - len(f"{directory}//{home.name}/.s.PGSQL.5432")
    root = Path(shutil.copytree(made, directory / ("x" * missing)))
    with start(root, durable=False) as cluster:
        assert Path(cluster.socket_directory) == cluster.directory
        assert data_of(cluster.conninfo()) == cluster.directory / "data"


def test_a_socket_directory_of_somebody_else_is_refused(
    directory: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shared temporary directory, a name that another has taken or opened up is never used."""
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    root = Path(shutil.copytree(made, directory / ("long" * 30)))
    with start(root, durable=False) as cluster:
        taken = Path(cluster.socket_directory)
    taken.mkdir(mode=0o755)
    with pytest.raises(ConfigurationWrong, match="not a private directory"):
        start(root, durable=False)


def test_nobody_else_can_enter(directory: Path) -> None:
    """Whatever the umask, data and socket are for this account alone, and for no repository."""
    before = os.umask(0)
    try:
        cluster = start(directory / "new", durable=False)
    finally:
        os.umask(before)
    with cluster:
        assert cluster.directory.stat().st_mode & 0o077 == 0
        assert (directory / "new" / ".gitignore").read_text() == "*\n"


def test_an_unfinished_initdb_is_done_again(directory: Path, made: Path) -> None:
    """What a killed initdb left behind is not taken for a data directory."""
    version = next(made.glob("pg*")).name
    unfinished = directory / "root" / version / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text(version.removeprefix("pg"))
    with start(directory / "root", durable=False) as cluster:
        assert cluster.created
    assert not unfinished.exists()


def test_a_file_in_the_way_is_named(directory: Path) -> None:
    """A root that is a file, or lies below one, is refused."""
    (directory / "file").touch()
    for root in (directory / "file", directory / "file" / "below"):
        with pytest.raises(ConfigurationWrong, match="cannot be kept under") as refused:
            start(root)
        assert "is a file, not a directory" in refused.value.why


def test_a_line_break_in_the_path_is_refused(directory: Path) -> None:
    """PostgreSQL's own files cannot express such a path."""
    with pytest.raises(ConfigurationWrong, match="line break"):
        start(directory / "two\nlines")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no permission"),
        (errno.ENOLCK, "no file locks"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_what_the_file_system_refuses_is_said_in_words(number: int, words: str) -> None:
    """Every error of the operating system names the file and what to do."""
    with (
        pytest.raises(ConfigurationWrong) as refused,
        storage_problems(Path("/some/root")),
    ):
        raise OSError(number, os.strerror(number), "/some/root/lock")
    assert words in refused.value.why
    assert "/some/root/lock" in refused.value.why
    assert refused.value.next_step


def test_a_broken_data_directory_is_not_touched(root: Path) -> None:
    """A directory without the right PG_VERSION is refused with the command that moves it away."""
    (version,) = root.glob("pg*/data/PG_VERSION")
    version.write_text("12\n")
    with pytest.raises(ConfigurationWrong, match="is not a data directory") as refused:
        start(root)
    assert f"mv '{version.parent}'" in refused.value.next_step
    version.unlink()
    with pytest.raises(ConfigurationWrong, match="is not a data directory"):
        start(root)


def test_a_server_that_does_not_start_shows_its_log(root: Path) -> None:
    """The error holds the last lines of the log; a corrected start then works at once."""
    with pytest.raises(DatabaseUnreachable, match="did not start") as refused:
        start(root, settings={"shared_buffers": "nonsense"})
    assert 'invalid value for parameter "shared_buffers"' in refused.value.why
    with start(root, durable=False) as cluster:
        assert not cluster.joined


def test_a_discarded_server_that_does_not_start_shows_its_log(root: Path) -> None:
    """The log of a throw-away cluster is read before it is thrown away."""
    with pytest.raises(DatabaseUnreachable) as refused:
        start(root, settings={"no_such_setting": "1"}, discard=True)
    assert "no_such_setting" in refused.value.why


def test_a_server_started_by_other_means_is_named(root: Path) -> None:
    """A postmaster that works in our directory without our lock is neither joined nor stopped."""
    with start(root, durable=False) as cluster:
        home = cluster.directory
        # Other lock files, the same data: so it would look if somebody had called pg_ctl.
        (home / "server").rename(home / "server.aside")
        (home / "users").rename(home / "users.aside")
        with pytest.raises(ConfigurationWrong, match="did not start") as refused:
            start(root)
        assert "pg_ctl stop" in refused.value.next_step
        (home / "server.aside").rename(home / "server")
        (home / "users.aside").rename(home / "users")
        with psycopg.connect(cluster.conninfo()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_waiting_for_another_starter_is_bounded(root: Path) -> None:
    """A process that never finishes its start is reported, not waited for without end."""
    with (
        locks.exclusively(root / "lock", 0),
        pytest.raises(LockNotObtained, match="Another process holds"),
    ):
        start(root, give_up_after=0.05)


def test_waiting_for_a_server_that_hangs_is_bounded(root: Path) -> None:
    """A server that holds its lock and never becomes ready is given up, with its log."""
    (home,) = root.glob("pg*")
    with (
        locks.exclusively(home / "server", 0),
        pytest.raises(DatabaseUnreachable, match="did not start") as refused,
    ):
        start(root, give_up_after=0.05)
    assert "not ready in time" in refused.value.why


def test_each_major_has_a_directory_of_its_own(root: Path) -> None:
    """The directory is named after the major of the programs, so that versions never meet."""
    with start(root, durable=False) as cluster:
        assert cluster.directory == root / f"pg{find().major}"
