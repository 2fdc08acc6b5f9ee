"""Services that do in a certain way what must not be done, for ``lockstep chaos`` to find; copied into a test's project.

``unruly.py WORD`` behaves as the word says; ``good`` does nothing wrong.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

WORD = sys.argv[1]
answered = threading.Event()
not_yet = [503] * 3 if WORD == "contradictory" else []


class Handler(BaseHTTPRequestHandler):
    """Answers 200 to everything, but for readiness that comes late where the word says so."""

    def do_GET(self) -> None:
        """Answer."""
        late = self.path == "/readyz" and not_yet
        self.send_response(not_yet.pop() if late else 200)
        self.end_headers()
        answered.set()


def listen() -> ThreadingHTTPServer:
    """Open the port."""
    return ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)


def database() -> psycopg.Connection:
    """Open a session of the service's own."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def early() -> None:
    """Serve first, migrate then."""
    server = listen()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answered.wait()
    subprocess.run([sys.executable, "-m", "lockstep", "up"], check=True)
    signal.pause()


def twice() -> None:
    """Look, then write: what two copies that start together both do."""
    with database() as session:
        if session.execute("SELECT 1 FROM jobs").fetchone() is None:
            session.execute("SELECT pg_sleep(0.5)")
            session.execute("INSERT INTO jobs VALUES ('nightly')")


def never() -> None:
    """Become ready only as the leader, which one copy is for as long as it runs."""
    kept.append(database())
    kept[-1].execute("SELECT pg_advisory_lock(1)")


def children() -> None:
    """Start a worker in a session of its own, and never end it."""
    subprocess.Popen(["sleep", "600"], start_new_session=True)


def drifting() -> None:
    """Make a table that is another one in each boot."""
    with database() as session:
        session.execute(f"CREATE TABLE IF NOT EXISTS made_by_{os.getpid()} ()")


def failing() -> None:
    """Take SIGTERM for a failure."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def deaf() -> None:
    """Do not hear SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def brief() -> None:
    """End by itself after a while, with success."""
    threading.Thread(target=lambda: (answered.wait(), time.sleep(0.2), os._exit(0))).start()


kept: list[psycopg.Connection] = []
WORDS = {f.__name__: f for f in (early, twice, never, children, drifting, failing, deaf, brief)}
WORDS.get(WORD, lambda: None)()
listen().serve_forever()
