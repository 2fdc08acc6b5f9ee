"""`/ws` and its figures on real processes: who is let in, what they hear on another instance, and how it ends."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from lockstep.testing import until

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf, Studio

CHANGE = "insert into content_action_history (content_id, action) values (%s, 'edit')"


@pytest.fixture
def instance(studio_process: Studio, at_head: str) -> Studio:
    """The studio as a process, on the test's database."""
    return dataclasses.replace(studio_process, database=at_head)


def sign_in(shelf: Shelf, user: str) -> dict[str, str]:
    """Begin a session of *user*; return the header that shows it."""
    sid = hashlib.sha256(f"token of {user}".encode()).hexdigest()
    shelf.run(
        "insert into sessions (sid, sess, expire) values (%s, jsonb_build_object('user_id', %s::text), now() + '1 day')",
        sid,
        user,
    )
    return {"Cookie": f"studio_session=token of {user}"}


@contextmanager
def live(
    url: str, headers: dict[str, str], query: str = "", **options: Any
) -> Iterator[ClientConnection]:
    """Be connected during the block."""
    address = f"{url.replace('http', 'ws', 1)}/ws{query}"
    with connect(address, additional_headers=headers, **options) as connection:
        yield connection


def heard(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next message of that type; answer the heartbeat meanwhile."""
    while True:
        message = json.loads(connection.recv(timeout=20))
        if message["type"] == "ping":
            connection.send(json.dumps({"type": "pong", "n": message["n"]}))
        if message["type"] == kind:
            return dict(message)


def refusal(
    url: str, headers: dict[str, str], query: str = "", **options: Any
) -> tuple[int, str | None]:
    """Return the status and the code that a connection is refused with."""
    with pytest.raises(InvalidStatus) as refused, live(url, headers, query, **options):
        pass
    response = refused.value.response
    if response.headers.get("content-type") != "application/problem+json":
        return response.status_code, None
    problem = json.loads(response.body)
    assert problem["status"] == response.status_code
    return response.status_code, problem["code"]


def test_who_may_connect_and_who_is_refused(instance: Studio, shelf: Shelf) -> None:
    """Before the connection is accepted: nobody without a session, no other site's page, no other's project; each counted."""
    shelf.run("insert into users (id, email) values ('v', 'v@example.com')")
    (theirs,) = shelf.run("insert into projects (user_id, name) values ('v', 'B') returning id")
    (mine,) = shelf.run("insert into projects (user_id, name) values ('u', 'A') returning id")
    shelf.run("insert into users (id, email, role) values ('a', 'a@example.com', 'admin')")
    u, admin = sign_in(shelf, "u"), sign_in(shelf, "a")
    with instance.serving(LOCKSTEP_ENV="test", STUDIO_LIVE_CLIENTS_PER_USER="2") as url:
        assert refusal(url, {}) == (401, "not_signed_in")
        assert refusal(url, {"Cookie": "studio_session=guessed"}) == (401, "not_signed_in")
        assert refusal(url, u, origin="https://evil.example") == (403, None)
        assert refusal(url, u, f"?project={theirs}") == (404, "not_found")
        for query in ("?project=x", "?project=0", "?after=1", "?after=5.2:1:", f"?project={2**63}"):
            assert refusal(url, u, query) == (422, "invalid")
        with live(url, u, origin=url) as first, live(url, u, f"?project={mine}") as second:
            assert heard(first, "hello")["cursor"]
            assert heard(second, "hello")["heartbeat_seconds"] == 20
            assert refusal(url, u) == (429, "too_many_connections")
            first.send("no json")
            with pytest.raises(ConnectionClosed) as closed:
                heard(first, "nothing")
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1007
            stats = f"{url}/api/websocket/stats"
            assert httpx.get(stats).status_code == 401
            assert httpx.get(stats, headers=u).status_code == 403
            figures = httpx.get(stats, headers=admin).json()
            assert figures["rejected"] == {
                "not_signed_in": 2,
                "not_found": 1,
                "invalid": 5,
                "too_many_connections": 1,
            }
            assert figures["connections"] == {
                "current": 1,
                "peak": 2,
                "total": 2,
                "by_path": {"/ws": 1},
            }
            assert figures["closed"]["by_code"] == {"1007": 1}
            assert figures["messages"]["in"] == 1
            assert figures["messages"]["bytes_in"] == len("no json")


def test_two_instances_tell_of_each_others_changes_and_leave_with_1012(
    instance: Studio, shelf: Shelf
) -> None:
    """What is missed while one stops is told by the other; the figures are those of both, and only of the living."""
    content = shelf.add("1 hour")
    shelf.run("insert into users (id, email, role) values ('a', 'a@example.com', 'admin')")
    u, admin = sign_in(shelf, "u"), sign_in(shelf, "a")
    quick = {"LOCKSTEP_ENV": "test"}
    with instance.serving(**quick) as staying:
        leaving = instance.start("--json", **quick)
        try:
            assert leaving.stdout is not None
            events = (json.loads(line) for line in leaving.stdout)
            url = next(event["url"] for event in events if "url" in event)
            next(event for event in events if event["event"] == "BootCompleted")
            with live(staying, u) as near, live(url, u) as far:
                heard(near, "hello")
                heard(far, "hello")
                shelf.run(CHANGE, content)
                seen = heard(far, "changes")
                assert heard(near, "changes")["changes"] == seen["changes"]

                def cluster() -> dict[str, Any]:
                    answer = httpx.get(f"{staying}/api/websocket/stats", headers=admin)
                    return dict(answer.json()["cluster"])

                until(lambda: cluster()["connections"]["current"] == 2, 20, what="both")
                assert len(cluster()["replicas"]) == 2
                leaving.send_signal(signal.SIGTERM)
                with pytest.raises(ConnectionClosed) as closed:
                    heard(far, "nothing")
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1012
                assert leaving.wait(30) == 0
                shelf.run(CHANGE, content)
                with live(staying, u, f"?after={seen['cursor']}") as back:
                    (missed,) = heard(back, "changes")["changes"]
                assert missed["id"] > seen["changes"][0]["id"]
                assert heard(near, "changes")["changes"] == [missed]
                until(lambda: len(cluster()["replicas"]) == 1, 20, what="the one that is left")
        finally:
            leaving.kill()
            leaving.communicate()


@pytest.mark.long
def test_a_client_that_reads_nothing_is_closed(instance: Studio, shelf: Shelf) -> None:
    """Its messages are not kept: the connection ends with 1013, or is cut off, and the figures say so."""
    content = shelf.add("1 hour", title="x" * 2000)
    shelf.run("insert into users (id, email, role) values ('a', 'a@example.com', 'admin')")
    u, admin = sign_in(shelf, "u"), sign_in(shelf, "a")
    with instance.serving(LOCKSTEP_ENV="test") as url:
        where = httpx.URL(url)
        with socket.socket() as narrow:
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            narrow.connect((where.host, where.port))
            host = f"{where.host}:{where.port}"
            request = (
                f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            )
            request += (
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            )
            narrow.sendall(f"{request}Cookie: {u['Cookie']}\r\n\r\n".encode())
            assert b" 101 " in narrow.recv(100)

            def slow() -> bool:
                shelf.run(
                    "insert into content_action_history (content_id, action)"
                    " select %s, 'edit' from generate_series(1, 100)",
                    content,
                )
                figures = httpx.get(f"{url}/api/websocket/stats", headers=admin).json()
                assert figures["backpressure"]["queued"] <= 64
                return bool(figures["backpressure"]["slow_clients"])

            until(slow, 60, what="the verdict")

            def gone() -> Any:
                figures = httpx.get(f"{url}/api/websocket/stats", headers=admin).json()
                return figures["closed"]["by_code"].get("1013")

            until(gone, 20, what="the end")
