"""Studios that share a database, as processes: started, stopped, killed, and what they wrote seen from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

BOOT_TIMEOUT = 60.0


class Studio:
    """``python -m studio`` on a free port; what it says goes to files."""

    def __init__(self, root: Path, name: str, url: str) -> None:
        self._said = root / f"{name}.out"
        environment = {n: os.environ[n] for n in ("PATH", "HOME", "LANG") if n in os.environ}
        with self._said.open("w") as out, (root / f"{name}.log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "studio", "--port", "0", "--json"],
                cwd=root,
                env={**environment, "LOCKSTEP_DATABASE_URL": url, "LOCKSTEP_ENV": "test"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )
        self.pid = self._process.pid

    def wait_until_ready(self) -> None:
        """Return when it serves."""
        deadline = time.monotonic() + BOOT_TIMEOUT
        while not any('"BootCompleted"' in line for line in self._said.read_text().splitlines()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"a studio did not boot:\n{self._said.read_text()[-2000:]}")
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal that ends it, and wait for the end."""
        self._process.send_signal(number)
        self._process.wait(BOOT_TIMEOUT)


class Studios:
    """Some studios on one database, replaced as they are killed."""

    def __init__(self, root: Path, url: str) -> None:
        self._root = root
        self._url = url
        self._started = 0
        self.running: list[Studio] = []

    def start(self, count: int) -> None:
        """Start studios until there are *count*, and wait until all are ready; stop those that are too many."""
        while len(self.running) < count:
            self._started += 1
            self.running.append(Studio(self._root, f"studio{self._started}", self._url))
        while len(self.running) > count:
            self.running.pop().end()
        for studio in self.running:
            studio.wait_until_ready()

    def stop(self) -> None:
        """End all of them."""
        while self.running:
            self.running.pop().end(signal.SIGKILL)


class Shelf:
    """The content of the database: put some there, and see what became of it."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(
            url, autocommit=True, cursor_factory=psycopg.ClientCursor
        )

    def run(self, query: str, *values: Any) -> list[Any]:
        """Run a query; return its rows, those of one column as plain values."""
        cursor = self._connection.execute(query.encode(), values or None)
        rows = cursor.fetchall() if cursor.description else []
        return [row[0] if len(row) == 1 else row for row in rows]

    def clear(self) -> None:
        """Empty it, and let the planner know."""
        self.run("truncate content cascade")
        self.run(
            "insert into users (id, email) values ('u', 'u@example.com') on conflict do nothing"
        )
        self.run("vacuum analyze content, publications, content_action_history")

    def fill(self, count: int, begin: float, spread: float) -> None:
        """Add content that is due from *begin* seconds from now on, evenly over *spread* seconds."""
        self.run(
            "insert into content (user_id, title, platform, status, scheduled_at)"
            " select 'u', 'Bread', 'instagram', 'scheduled', clock_timestamp()"
            " + make_interval(secs => %s + %s * n / %s::float8) from generate_series(1, %s) as n",
            begin,
            spread,
            count,
            count,
        )

    def wait_for_all(self, timeout: float) -> None:
        """Wait until nothing is left to be published."""
        deadline = time.monotonic() + timeout
        while self.run("select exists (select from content where status <> 'published')") == [True]:
            if time.monotonic() > deadline:
                left = self.run("select status, count(*) from content group by status")
                raise SystemExit(f"after {timeout:g} s there are {left}")
            time.sleep(0.05)

    def verdict(self) -> str:
        """Say whether all is published once in the tables."""
        ((content, published, successes, pieces),) = self.run(
            "select (select count(*) from content),"
            " (select count(*) from content where status = 'published'),"
            " count(*), count(distinct content_id) from publications where status = 'succeeded'"
        )
        lost, twice = content - published, successes - pieces
        return f"{lost} lost, {twice} twice of {content}"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that *share* of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
