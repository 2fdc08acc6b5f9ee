"""Live updates: how fast a change reaches 2,000 clients, and what memory a client costs the server.

A real studio process, its clients in a process of their own (sockets and frames by hand, so that they take little of the
processors that all share), a PostgreSQL that is started for it. Times are from when COMMIT is sent to the database until the client
has the change. Two shapes: one change that all 2,000 watch (one user, many tabs: one frame shared by all), and one
transaction that changes something of each of 2,000 users. Memory is the growth of the server's resident set.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from lockstep.testing import private_cluster

ALL, EACH = "one change, all watch it", "a change to each, in one transaction"
PEOPLE = """
with made as (
    insert into users (id, email) select 'w' || n, 'w' || n || '@example.com' from generate_series(1, %(count)s) as n
    returning id
), signed_in as (
    insert into sessions (sid, sess, expire)
    select encode(sha256(convert_to('token-' || id, 'UTF8')), 'hex'), jsonb_build_object('user_id', id), now() + interval '1 day'
    from made
)
insert into content (user_id, title, platform) select id, 'Bread of ' || id, 'instagram' from made
"""
CHANGE_ONE = "insert into content_action_history (content_id, action) select id, 'edit' from content where user_id = 'w1'"
CHANGE_EACH = (
    "insert into content_action_history (content_id, action) select id, 'edit' from content"
)


class Client(asyncio.Protocol):
    """A WebSocket client by hand: it notes when changes come, and answers the heartbeat."""

    def __init__(self, request: bytes, times: list[float], opened: asyncio.Future[None]) -> None:
        self._request, self._times, self._opened = request, times, opened
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._buffer += data
        if not self._opened.done():
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self._opened.set_exception(RuntimeError(self._buffer.decode()))
                return
            self._buffer = rest
            self._opened.set_result(None)
        while (frame := self._frame()) is not None:
            self._take(*frame, now)

    def _frame(self) -> tuple[int, bytes] | None:
        data = self._buffer
        if len(data) < 2:
            return None
        size, begin = data[1] & 127, 2
        if size >= 126:
            begin = 4 if size == 126 else 10
            size = int.from_bytes(data[2:begin], "big")
        if len(data) < begin + size:
            return None
        self._buffer = data[begin + size :]
        return data[0] & 15, data[begin : begin + size]

    def _take(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == 9:
            self._send(10, payload)
        elif opcode == 1 and payload.startswith(b'{"type":"changes"'):
            self._times.append(now)
        elif opcode == 1 and payload.startswith(b'{"type":"ping"'):
            answer = {"type": "pong", "n": json.loads(payload)["n"]}
            self._send(1, json.dumps(answer).encode())

    def _send(self, opcode: int, payload: bytes) -> None:
        # Masked with zeros, which leaves it as it is.
        self._transport.write(bytes([128 | opcode, 128 | len(payload), 0, 0, 0, 0]) + payload)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(RuntimeError("refused"))


async def connect_all(url: str, tokens: list[str], times: list[float]) -> None:
    """Open all connections, some at a time."""
    where = urlsplit(url)
    loop = asyncio.get_running_loop()
    few = asyncio.Semaphore(50)

    async def connect(token: str) -> None:
        request = (
            f"GET /ws HTTP/1.1\r\nHost: {where.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
            f"Cookie: studio_session={token}\r\n\r\n"
        ).encode()
        opened: asyncio.Future[None] = loop.create_future()
        async with few:
            await loop.create_connection(
                lambda: Client(request, times, opened), where.hostname, where.port
            )
            await opened

    await asyncio.gather(*map(connect, tokens))


def watch(pipe: Connection, url: str, tokens: list[str]) -> None:
    """The clients' process: connect, then report each round's times when all have got it."""

    async def main() -> None:
        times: list[float] = []
        await connect_all(url, tokens, times)
        pipe.send("connected")
        while True:
            while not pipe.poll():
                await asyncio.sleep(0.005)
                if len(times) == len(tokens):
                    pipe.send(list(times))
                    times.clear()
            if pipe.recv() == "end":
                return

    asyncio.run(main())


def resident(pid: int) -> int:
    """Return the bytes of memory that the process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def processor_time(pid: int) -> float:
    """Return the seconds of a processor that the process has used: they do not depend on what else runs here."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def boot(root: str, database: str) -> tuple[subprocess.Popen[str], str]:
    """Start the studio; return it and its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "studio", "--json"],
        cwd=root,
        env={
            "PATH": os.environ["PATH"],
            "PORT": "0",
            "LOCKSTEP_ENV": "test",
            "LOCKSTEP_DATABASE_URL": database,
            "STUDIO_LIVE_CLIENTS_PER_USER": "1000000",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = ""
    for line in process.stdout:
        event = json.loads(line)
        url = event.get("url", url)
        if event["event"] == "BootCompleted":
            return process, url
    raise RuntimeError("the studio did not boot")


def measure(
    shape: str, clients: int, rounds: int, url: str, pid: int, database: psycopg.Connection[Any]
) -> None:
    """Connect the clients of a shape, make changes, print what it cost."""
    same = shape == ALL
    tokens = [f"token-w{1 if same else number}" for number in range(1, clients + 1)]
    before = resident(pid)
    here, there = multiprocessing.get_context("spawn").Pipe()
    watcher = multiprocessing.get_context("spawn").Process(target=watch, args=(there, url, tokens))
    begun = time.perf_counter()
    watcher.start()
    try:
        assert here.recv() == "connected"
        connected = time.perf_counter() - begun
        idle = (resident(pid) - before) / clients / 1024
        spent = processor_time(pid)
        delays: list[float] = []
        lasts: list[float] = []
        for _ in range(rounds):
            database.execute(CHANGE_ONE if same else CHANGE_EACH)
            sent = time.time()
            database.commit()
            took = sorted(got - sent for got in here.recv())
            delays += took
            lasts.append(took[-1])
            time.sleep(0.3)
        spent = (processor_time(pid) - spent) / rounds
        used = (resident(pid) - before) / clients / 1024
        here.send("end")
        watcher.join(30)
    finally:
        watcher.kill()
    delays.sort()
    p50, p99 = (delays[int(len(delays) * share)] * 1000 for share in (0.5, 0.99))
    print(f"{shape}: {clients} clients, {rounds} rounds (connected in {connected:.1f} s)")
    print(
        f"  fan-out p50 {p50:.0f} ms, p99 {p99:.0f} ms, last of a round {statistics.median(lasts) * 1000:.0f} ms"
    )
    print(f"  the server's processor time {spent * 1000:.0f} ms a round")
    print(f"  memory {idle:.1f} kB a client when connected, {used:.1f} kB after the rounds")


def main() -> None:
    """Measure both shapes."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--clients", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=20)
    chosen = options.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with private_cluster() as server, tempfile.TemporaryDirectory() as root:
        for shape in (ALL, EACH):
            name = f"live_{hashlib.sha256(shape.encode()).hexdigest()[:8]}"
            with psycopg.connect(server.conninfo(), autocommit=True) as connection:
                connection.execute(f"create database {name}".encode())
            process, url = boot(root, server.conninfo(name))
            try:
                with psycopg.connect(server.conninfo(name)) as connection:
                    connection.execute(PEOPLE, {"count": chosen.clients})
                    connection.commit()
                    measure(shape, chosen.clients, chosen.rounds, url, process.pid, connection)
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=60)
            finally:
                process.kill()
    print(f"load average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
