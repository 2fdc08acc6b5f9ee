"""What a proxy's clients see of a deploy: nginx before two replicas, one of which boots, and one of which leaves."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lockstep.testing import Project, finish, until

HELD = 7070
APPLICATION = """
import lockstep

database = lockstep.Database()

async def web(scope, receive, send):
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT count(*) FROM items")
        body = str((await cursor.fetchone())[0]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})

application = lockstep.Application(name="shop", database=database, http=lambda: web, lifespan=False)
"""
CONFIGURATION = """
error_log stderr;
pid nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    upstream shop {{ server 127.0.0.1:{first} max_fails=0; server 127.0.0.1:{second} max_fails=0; }}
    server {{ listen 127.0.0.1:{edge}; location / {{ proxy_pass http://shop; proxy_connect_timeout 1s; }} }}
}}
"""


@pytest.fixture
def ports() -> tuple[int, int, int]:
    """Three free ports: the edge's and two replicas'."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        edge, first, second = (probe.getsockname()[1] for probe in probes)
    return edge, first, second


@pytest.fixture
def nginx(tmp_path: Path, ports: tuple[int, int, int]) -> Iterator[str]:
    """A real nginx before both replicas; its address."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        message = "nginx is not installed: apt-get install nginx"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    edge, first, second = ports
    prefix = tmp_path / "nginx"
    prefix.mkdir()
    (prefix / "nginx.conf").write_text(CONFIGURATION.format(edge=edge, first=first, second=second))
    command = [
        program,
        "-p",
        str(prefix),
        "-c",
        "nginx.conf",
        "-e",
        "stderr",
        "-g",
        "daemon off; worker_processes 1;",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _connects(edge), what="nginx listens")
            yield f"http://127.0.0.1:{edge}/"
        finally:
            process.terminate()


class Clients:
    """One client after another, as fast as they are answered, until told to stop."""

    def __init__(self, url: str) -> None:
        self.seen: Counter[str] = Counter()
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Clients:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def more(self, count: int) -> None:
        """Wait until *count* more were answered."""
        goal = self.seen.total() + count
        until(lambda: self.seen.total() >= goal, what=f"{count} more answers")

    def _ask(self) -> None:
        while not self._stop.is_set():
            self.seen[_status(self._url)] += 1


def test_a_rolling_deploy_shows_clients_no_error(
    project: Project, nginx: str, ports: tuple[int, int, int]
) -> None:
    """While a replica boots behind a slow migration, opens, and the old one leaves, every request is answered with 200."""
    _, first, second = ports
    (project.root).mkdir()
    (project.root / "shop.py").write_text(APPLICATION)
    project.migration("0001_create_items.sql", "CREATE TABLE IF NOT EXISTS items (id bigint);")
    old = project.start("serve", "shop:application", "--port", str(first))
    until(lambda: _connects(first), what="the old replica listens")
    project.migration(
        "0002_slow.sql", f"SELECT pg_advisory_lock({HELD}), pg_advisory_unlock({HELD});"
    )

    with psycopg.connect(project.database, autocommit=True) as holder, Clients(nginx) as clients:
        holder.execute("SELECT pg_advisory_lock(%s)", [HELD])
        new = project.start("serve", "shop:application", "--port", str(second))
        until(lambda: _is_waiting(holder), what="the new replica's migration waits")
        clients.more(50)
        assert not _connects(second)
        holder.execute("SELECT pg_advisory_unlock(%s)", [HELD])
        until(lambda: _connects(second), what="the new replica listens")
        clients.more(50)
        old.terminate()
        left = finish(old)
        clients.more(50)

    new.terminate()
    assert set(clients.seen) == {"200"}, clients.seen
    assert (left.status, finish(new).status) == (0, 0), left.stderr


def _status(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return type(error).__name__


def _connects(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _is_waiting(holder: psycopg.Connection[tuple[object, ...]]) -> bool:
    query = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = %s"
    )
    row = holder.execute(query, [HELD]).fetchone()
    return row is not None and row[0] == 1
