"""However its users end, the server lives exactly as long as there is one."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lockstep.embedded import locks, start
from lockstep.testing import until

Users = Callable[..., Any]
Gone = Callable[[int], None]


def query(conninfo: str, statement: str = "SELECT 1") -> Any:
    """Run one statement and return its only value."""
    with psycopg.connect(conninfo) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def log_of(root: Path) -> str:
    """Return the log of the server under *root*."""
    (log,) = root.glob("pg*/server.log")
    return log.read_text()


def processes_of(root: Path) -> list[int]:
    """Return the watcher's process ids: those that name *root* and are no PostgreSQL."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(w.endswith(b"watcher.py") for w in words) and str(root).encode() in b" ".join(words):
            found.append(int(entry.parent.name))
    return found


def test_a_fresh_directory_becomes_a_server(directory: Path) -> None:
    """The first start makes the data directory, later ones find it, and stopping leaves no process."""
    with start(directory / "new", durable=False) as cluster:
        assert (cluster.created, cluster.joined) == (True, False)
        assert query(cluster.conninfo(), "SHOW server_version").startswith(
            cluster.version.split()[0]
        )
        assert query(cluster.url(), "SHOW server_encoding") == "UTF8"
        assert query(cluster.conninfo(), "SELECT lower('ÄÉ')") == "äé"
        query(cluster.conninfo(), "CREATE TABLE kept (id int)")
    assert processes_of(directory) == []
    with start(directory / "new", durable=False) as cluster:
        assert (cluster.created, cluster.joined) == (False, False)
        assert query(cluster.conninfo(), "SELECT count(*) FROM kept") == 0


def test_stopping_is_clean_complete_and_idempotent(root: Path) -> None:
    """When stop returns, the server has shut down in order; a second stop does nothing."""
    cluster = start(root, durable=False)
    cluster.stop()
    cluster.stop()
    assert log_of(root).rstrip().endswith("database system is shut down")
    assert not list(root.glob("pg*/data/postmaster.pid"))


def test_durable_is_the_default(root: Path) -> None:
    """Development data survive a crash of the machine; tests trade that for speed; settings override both."""
    with start(root, settings={"max_connections": "7"}) as cluster:
        assert query(cluster.conninfo(), "SHOW fsync") == "on"
        assert query(cluster.conninfo(), "SHOW max_connections") == "7"
        assert query(cluster.conninfo(), "SHOW listen_addresses") == ""
    with start(root, durable=False) as cluster:
        assert query(cluster.conninfo(), "SHOW fsync") == "off"


@pytest.mark.sampled(1)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_server_goes_when_its_user_is_killed(
    root: Path, user: Users, gone: Gone, number: int
) -> None:
    """A user that dies of a signal takes the server along, which shuts down in order."""
    only = user(root, stderr=subprocess.DEVNULL)
    postmaster = only.told()["postmaster"]
    only.process.send_signal(number)
    gone(postmaster)
    until(lambda: not processes_of(root), what="end of the watcher")
    assert "database system is shut down" in log_of(root)


def test_a_killed_postmaster_is_replaced_by_the_next_start(
    root: Path, user: Users, gone: Gone
) -> None:
    """After kill -9 of the postmaster the next start recovers what was committed."""
    with start(root) as cluster:  # durable: the point is that it is all there again
        query(cluster.conninfo(), "CREATE TABLE kept (id int)")
        visitor = user(root)
        postmaster = visitor.told()["postmaster"]
        os.kill(postmaster, signal.SIGKILL)
        gone(postmaster)
        with start(root) as next_one:
            assert (next_one.created, next_one.joined) == (False, False)
            assert query(next_one.conninfo(), "SELECT count(*) FROM kept") == 0
        visitor.leave()
    assert processes_of(root) == []


def test_an_orphaned_backend_delays_the_next_start_but_does_not_break_it(
    root: Path, user: Users
) -> None:
    """A backend that outlives its postmaster holds the server's lock; the next start waits for its end."""
    with start(root, durable=False) as cluster, psycopg.connect(cluster.conninfo()) as connection:
        postmaster = int((cluster.directory / "data" / "postmaster.pid").read_text().split()[0])
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        try:
            os.kill(postmaster, signal.SIGKILL)
            waiting = user(root)
            until(lambda: locks.is_held(root / "lock"), what="the next start")
            assert locks.is_held(cluster.directory / "server")
        finally:
            os.kill(backend, signal.SIGCONT)
        told = waiting.told()
        assert not told["joined"]
        assert query(told["conninfo"]) == 1
        waiting.leave()


def test_a_stale_pid_file_harms_no_foreign_process(root: Path) -> None:
    """The files of a dead server that name a living stranger are cleared away; the stranger is left in peace."""
    with start(root, durable=False) as cluster:
        port = cluster.port
        lines = (cluster.directory / "data" / "postmaster.pid").read_text().split("\n")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        lines[0] = str(stranger.pid)
        home = cluster.directory
        (home / "data" / "postmaster.pid").write_text("\n".join(lines))
        (home / f".s.PGSQL.{port}.lock").write_text("\n".join(lines[:5]))
        (home / f".s.PGSQL.{port}").touch()
        with start(root, durable=False) as cluster:
            assert (cluster.created, cluster.joined) == (False, False)
            assert query(cluster.conninfo()) == 1
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.long
def test_many_at_once_on_a_fresh_directory_share_one_server(
    directory: Path, user: Users, gone: Gone
) -> None:
    """Whoever comes first makes the data directory; the others join; the last one out stops the server."""
    users = [user(directory / "new") for _ in range(4)]
    told = [one.told() for one in users]
    assert sorted(one["created"] for one in told) == [False, False, False, True]
    assert sorted(one["joined"] for one in told) == [False, True, True, True]
    (postmaster,) = {one["postmaster"] for one in told}
    for one in users[:-1]:
        one.leave()
        assert query(told[0]["conninfo"]) == 1
    users[-1].leave()
    gone(postmaster)


def test_the_starter_may_leave_first(root: Path, user: Users) -> None:
    """A server outlives the one who started it, in order or not, while another still uses it."""
    first, second = user(root), None
    first.told()
    second = user(root)
    assert second.told()["joined"]
    first.process.kill()
    first.process.wait()
    with start(root, durable=False) as third:
        assert third.joined
        second.leave()
        assert query(third.conninfo()) == 1
    assert processes_of(root) == []


def test_joining_and_leaving_does_not_stop_the_server(root: Path, user: Users) -> None:
    """A short visit, even one that is killed, leaves the first user's server running."""
    with start(root, durable=False) as cluster, psycopg.connect(cluster.conninfo()) as connection:
        for _ in range(3):
            with start(root, durable=False) as visitor:
                assert visitor.joined
        visit = user(root)
        visit.told()
        visit.process.kill()
        visit.process.wait()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_program_that_replaces_the_user_keeps_the_server(
    root: Path, user: Users, gone: Gone
) -> None:
    """After exec the server lives as long as the new program does."""
    replaced = user(root, "cat")
    told = replaced.told()
    until(
        lambda: Path(f"/proc/{replaced.process.pid}/comm").read_text() == "cat\n",
        what="exec of cat",
    )
    assert query(told["conninfo"]) == 1
    replaced.leave()
    gone(told["postmaster"])


def test_a_forked_child_gives_up_only_its_own_share(root: Path) -> None:
    """A child that inherits the cluster object and stops it leaves the parent's server running."""
    with start(root, durable=False) as cluster:
        if not (child := os.fork()):
            cluster.stop()
            os._exit(0)
        os.waitpid(child, 0)
        assert query(cluster.conninfo()) == 1


def test_the_last_user_stops_the_server_even_without_its_watcher(
    root: Path, user: Users, gone: Gone
) -> None:
    """When the watcher was killed, an orderly end of the last user still ends the server."""
    with start(root, durable=False):
        visitor = user(root)
        postmaster = visitor.told()["postmaster"]
        (watcher,) = processes_of(root)
        os.kill(watcher, signal.SIGKILL)
        visitor.leave()
    gone(postmaster)


def test_a_server_that_lost_everybody_is_replaced_by_one_that_is_watched(
    root: Path, user: Users, gone: Gone
) -> None:
    """When watcher and user were killed, the server left over is stopped and started anew, not joined."""
    only = user(root)
    postmaster = only.told()["postmaster"]
    (watcher,) = processes_of(root)
    os.kill(watcher, signal.SIGKILL)
    gone(watcher)
    only.process.kill()
    only.process.wait()
    with start(root, durable=False) as cluster:
        assert not cluster.joined
        gone(postmaster)
        assert query(cluster.conninfo()) == 1
    assert log_of(root).rstrip().endswith("database system is shut down")


def test_what_is_to_be_discarded_goes_even_after_a_kill(root: Path, user: Users) -> None:
    """A throw-away cluster leaves no file behind, however its user ended."""
    only = user(root, environment={"TEST_DISCARD": "1"})
    only.told()
    only.process.kill()
    until(lambda: not root.exists(), what="removal of the root")
