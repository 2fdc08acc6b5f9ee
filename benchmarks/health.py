"""What ``/api/health`` takes while 200 connections ask for it, beside a bare Starlette route under the same load.

Each connection asks five times a second, a thousand questions in all, of a real studio process and of uvicorn with one route;
the two take turns. Times are those of a client in a process of its own, from sending to the last byte.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from studios import Studio, percentile

from lockstep.testing import private_cluster

BARE = """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def health(request):
    return JSONResponse({"status": "ok"})

server = uvicorn.Server(uvicorn.Config(Starlette(routes=[Route("/api/health", health)]), port=0, log_level="warning", access_log=False))
config = server.config
sock = config.bind_socket()
print(sock.getsockname()[1], flush=True)
server.run(sockets=[sock])
"""


async def _ask(port: int, connections: int, rate: float, seconds: float) -> list[float]:
    times: list[float] = []

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        begun = time.perf_counter()
        for turn in range(int(seconds * rate)):
            at = begun + (turn + number / connections) / rate
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            sent = time.perf_counter()
            writer.write(b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise RuntimeError(head.decode())
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            times.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*(one(number) for number in range(connections)))
    return times


def _client(pipe: Connection, port: int, connections: int, rate: float, seconds: float) -> None:
    pipe.send(asyncio.run(_ask(port, connections, rate, seconds)))


def measure(port: int, options: argparse.Namespace) -> list[float]:
    """Return the seconds that each answer took."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    arguments = (there, port, options.connections, options.rate, options.seconds)
    process = multiprocessing.get_context("spawn").Process(target=_client, args=arguments)
    process.start()
    times: list[float] = here.recv()
    process.join()
    return times


@contextmanager
def bare() -> Iterator[int]:
    """Run uvicorn with one Starlette route; give its port."""
    process = subprocess.Popen([sys.executable, "-c", BARE], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def port_of(studio: Path) -> int:
    """Return the port that a studio listens on, from what it said."""
    events = [json.loads(line) for line in studio.read_text().splitlines()]
    return next(int(e["url"].rpartition(":")[2]) for e in events if e["event"] == "HttpListening")


def main() -> None:
    """Measure both in turns, and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5.0, help="questions a second and connection")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found: dict[str, list[float]] = {"studio": [], "bare Starlette": []}
    with tempfile.TemporaryDirectory() as folder, private_cluster() as server, bare() as floor:
        root = Path(folder)
        studio = Studio(root, "studio", server.conninfo())
        studio.wait_until_ready()
        for _ in range(options.rounds):
            found["studio"] += measure(port_of(root / "studio.out"), options)
            found["bare Starlette"] += measure(floor, options)
        studio.end(signal.SIGTERM)
    load = os.getloadavg()[0]
    print(f"GET /api/health, {options.connections} connections, {options.connections * options.rate:.0f}/s, load {load:.1f}")  # fmt: skip
    for name, times in found.items():
        shown = "  ".join(f"p{share * 100:g} {percentile(times, share) * 1000:6.2f} ms" for share in (0.5, 0.9, 0.99))  # fmt: skip
        print(f"  {name:<15} {len(times):>6} answers  {shown}")
    ours, theirs = (percentile(times, 0.99) for times in found.values())
    print(f"  p99 {ours * 1000:.1f} ms (target < 20 ms: {'met' if ours < 0.02 else 'NOT MET'}), {ours / theirs:.2f} times the bare route's")  # fmt: skip


if __name__ == "__main__":
    main()
