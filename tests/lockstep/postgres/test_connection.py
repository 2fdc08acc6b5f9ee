"""The boot's first connection: what is waited for, what is not, and what is shown of a connection string."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.errors import ConfigurationWrong, DatabaseUnreachable, Interrupted, LockstepError
from lockstep.events import DatabaseWaiting
from lockstep.interrupt import Interrupt
from lockstep.postgres.connection import address_of, connect, is_permanent, read_conninfo
from lockstep.postgres.session import Session
from lockstep.testing import Project, Recorder, Server, private_cluster

SECRET = "hunter2"
PLACES = 6
SCRAM = "local all scrammed scram-sha-256\nlocal all shut_out reject\n"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def attempt(
    url: str, recorder: Recorder, *, wait: float = 30.0, interrupt: Interrupt | None = None
) -> Session:
    """Connect as a boot does."""
    return connect(
        url,
        source="DATABASE_URL",
        application_name="lockstep:test:connect",
        wait=wait,
        interrupt=interrupt or Interrupt(),
        report=recorder,
    )


@contextmanager
def attempting(url: str, recorder: Recorder) -> Iterator[Callable[[], Session]]:
    """Connect in a thread; what is yielded waits for the session, which is closed at the end."""
    made: list[Session] = []
    thread = threading.Thread(target=lambda: made.append(attempt(url, recorder)))
    thread.start()

    def session() -> Session:
        thread.join()
        return made[0]

    try:
        yield session
    finally:
        session().close()


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server with few places, that wants a password of one role, and rejects another."""
    with private_cluster(settings={"max_connections": str(PLACES)}) as server:
        with psycopg.connect(server.conninfo(), autocommit=True) as admin:
            admin.execute("SET password_encryption = 'scram-sha-256'")
            admin.execute("CREATE ROLE scrammed LOGIN PASSWORD 'right'")
            admin.execute("CREATE ROLE shut_out LOGIN")
            (file,) = admin.execute("SHOW hba_file").fetchone() or ("",)
            rules = Path(file)
            rules.write_text(SCRAM + rules.read_text())
            admin.execute("SELECT pg_reload_conf()")
        yield server


def test_a_server_that_is_not_there_yet_is_waited_for(recorder: Recorder) -> None:
    """It is asked again after growing pauses, and used as soon as it answers."""
    port = free_port()
    settings = {"listen_addresses": "127.0.0.1", "port": str(port)}
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    with attempting(url, recorder) as session:
        waiting = recorder.wait_for(DatabaseWaiting)
        with private_cluster(settings=settings):
            rows = session().fetch("SELECT 1 AS one")
            session().close()

    assert rows == [{"one": 1}]
    assert "Connection refused" in waiting.reason
    pauses = [event.retry_in for event in recorder.of(DatabaseWaiting)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 0.1
    assert pauses[-1] <= 2.0


def test_too_many_connections_are_waited_for(guarded: Server, recorder: Recorder) -> None:
    """A full server has a place as soon as somebody leaves."""
    with ExitStack() as stack:
        taken = [stack.enter_context(psycopg.connect(guarded.conninfo())) for _ in range(PLACES)]
        with attempting(guarded.conninfo(), recorder) as session:
            waiting = recorder.wait_for(DatabaseWaiting)
            taken[0].close()
            assert session().fetch("SELECT 1 AS one") == [{"one": 1}]

    assert "too many clients" in waiting.reason


def test_when_the_time_is_up_the_boot_ends_with_69(project: Project) -> None:
    """The message has the address, the reason, and where the address came from."""
    port = free_port()

    ended = project.run(
        "up",
        LOCKSTEP_CONNECT_WAIT="250ms",
        LOCKSTEP_DATABASE_URL=f"postgresql://me:{SECRET}@127.0.0.1:{port}/shop",
    )

    assert ended.status == 69
    assert f"no PostgreSQL answered at 127.0.0.1:{port}/shop" in ended.stderr
    assert "Connection refused" in ended.stderr
    assert "LOCKSTEP_DATABASE_URL" in ended.stderr
    assert "! waiting for the database" in ended.stderr
    assert SECRET not in ended.stderr


def test_a_signal_ends_the_wait(recorder: Recorder) -> None:
    """Nobody waits for a boot that was asked to stop."""
    interrupt = Interrupt()

    def stop_when_told(event: object) -> None:
        recorder(event)  # type: ignore[arg-type]
        interrupt.request(15)

    with pytest.raises(Interrupted):
        connect(
            f"postgresql://127.0.0.1:{free_port()}/shop",
            source="DATABASE_URL",
            application_name="test",
            wait=30.0,
            interrupt=interrupt,
            report=stop_when_told,
        )
    assert len(recorder.of(DatabaseWaiting)) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"user": "scrammed", "password": SECRET}, "password authentication failed"),
        ({"user": "scrammed"}, "no password supplied"),
        ({"user": "shut_out"}, "pg_hba.conf rejects connection"),
        ({"user": "nobody_at_all"}, 'role "nobody_at_all" does not exist'),
        ({"dbname": "nothing_at_all"}, 'database "nothing_at_all" does not exist'),
    ],
    ids=["wrong password", "no password", "rejected", "no such role", "no such database"],
)
def test_what_waiting_cannot_cure_is_refused_at_once(
    changes: dict[str, str],
    reason: str,
    guarded: Server,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One attempt, exit status 69, and what the server said."""
    monkeypatch.delenv("PGPASSWORD", raising=False)

    with pytest.raises(DatabaseUnreachable, match="refused the connection") as refused:
        attempt(make_conninfo(guarded.conninfo(), **changes), recorder)

    assert refused.value.exit_status == 69
    assert reason in refused.value.why
    assert recorder.events == []
    assert SECRET not in json.dumps(refused.value.as_dict())


def test_the_right_password_is_let_in(guarded: Server, recorder: Recorder) -> None:
    """The server of these tests does ask for one."""
    attempt(make_conninfo(guarded.conninfo(), user="scrammed", password="right"), recorder).close()


def test_an_unknown_host_is_named(recorder: Recorder) -> None:
    """Names may appear later, as those of containers do: it is waited for, then said which one it is."""
    with pytest.raises(DatabaseUnreachable, match=r"at nowhere\.invalid:5432/shop") as refused:
        attempt("postgresql://nowhere.invalid/shop", recorder, wait=0)
    assert not is_permanent(refused.value.why)


@pytest.mark.parametrize(
    "url",
    [
        "garbage",
        "   ",
        "mysql://me:{}@db.internal/shop",
        "jdbc:postgresql://db.internal/shop?password={}",
        "postgresql://me:pa/{}@db.internal/shop",
        "postgresql://me:5432/{}@db.internal/shop",
        "postgresql://me:p@{}@db.internal/shop",
        "postgresql://me:{}%zz@db.internal/shop",
        'postgresql://me:pa"ss{}%zz@db.internal/shop',
        "postgresql://me:pa ss {}@db.internal/shop",
        "postgresql://db.internal/shop?password=pa&{}=1",
        "postgresql://me:{}@db.internal:5432x/shop",
        "postgresql://me:{}@db.internal:99999/shop",
        "postgresql://me:{}@db.internal/shop?schema=public",
        "postgresql://me@127.0.0.1:1/shop?sslmode={}",
        "postgresql://me@db.internal/shop?connect_timeout={}",
        "host=db.internal password=pa {} dbname=shop",
        "host=db.internal password='{}",
        "host=db.internal pasword={}",
        "host=db.internal,other.internal port=1,2,3 password={}",
    ],
)
def test_garbage_is_refused_without_being_shown(url: str, recorder: Recorder) -> None:
    """Exit 78 before anybody is asked, naming the variable and nothing of what it holds."""
    with pytest.raises(ConfigurationWrong, match="DATABASE_URL is not a") as refused:
        attempt(url.format(SECRET), recorder, wait=0)

    assert refused.value.exit_status == 78
    assert SECRET not in json.dumps(refused.value.as_dict())
    assert recorder.events == []


@given(
    before=st.text("ab1@/:?#&=%+ '\"\\[],\n", max_size=6),
    after=st.text("ab1@/:?#&=%+ '\"\\[],\n", max_size=6),
)
@example(before="1/", after="")
@example(before='"', after="%zz")
@example(before="@", after="@")
@example(before="", after="%a1")
def test_no_password_is_ever_shown(before: str, after: str) -> None:
    """Whatever stands around it unencoded, a password is read as one, or the string is refused; neither shows it."""
    url = f"postgresql://me:{before}{SECRET}{after}@db.internal:5432/shop"

    def shown() -> str:
        try:
            parameters = read_conninfo(url, "DATABASE_URL")
        except LockstepError as refused:
            return json.dumps(refused.as_dict())
        assert (parameters["host"], parameters["dbname"]) == ("db.internal", "shop")
        return address_of(parameters)

    assert SECRET not in shown()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("postgresql+psycopg://me:p%40ss@db.internal/shop", "db.internal:5432/shop"),
        ("postgresql+asyncpg://db.internal:6432/shop", "db.internal:6432/shop"),
        ("  postgres://db.internal/shop\n", "db.internal:5432/shop"),
        ("postgresql://db.internal", "db.internal:5432"),
        ("postgresql://[::1]:5433/shop", "::1:5433/shop"),
        ("postgresql://a.internal:1,b.internal:2/shop", "a.internal,b.internal:1,2/shop"),
        ("postgresql://db.internal/shop?password=p@ss/word", "db.internal:5432/shop"),
        ("postgresql://me:p?ss#word@db.internal/shop", "db.internal:5432/shop"),
        ("host=/run/sockets dbname=shop", "shop at /run/sockets"),
        ("host=/run/sockets", "the default database at /run/sockets"),
        ("host=db.internal password='p@ss word/' dbname=shop", "db.internal:5432/shop"),
        (
            "dbname=postgresql://me:hunter2@db.internal/shop",
            "local socket:5432/postgresql://me:***@db.internal/shop",
        ),
    ],
)
def test_the_address_that_is_shown(url: str, address: str) -> None:
    """Host, port and database of every form that is accepted, and nothing else."""
    assert address_of(read_conninfo(url, "DATABASE_URL")) == address


def test_a_password_is_read_as_it_was_encoded() -> None:
    """Percent-encoding carries every character through."""
    url = "postgresql+psycopg://me:p%40s%2Fs%20%22w%27%25@db.internal/shop"
    assert read_conninfo(url, "DATABASE_URL")["password"] == "p@s/s \"w'%"
    assert conninfo_to_dict(make_conninfo(**read_conninfo(url, "x")))["password"] == "p@s/s \"w'%"
