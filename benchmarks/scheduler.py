"""``make bench-scheduler``: the content scheduler's lateness, rate and take-overs, with real studios as processes; by hand, never in a test.

- lateness: 500 pieces spread over a minute, three studios; from the time a piece was due to the time its outcome was written;
- rate: 10,000 pieces due at once to the ``log`` publisher, three studios and one; beside procrastinate and PgQueuer (three workers each, the
  same number of jobs that log a line, from the commit of the jobs to the last one done, given up after ``PEERS_MAY`` seconds);
- kills: a studio that has leases is stopped, found to have them, and killed with -9, 20 times; from the kill to the last take-over.

All times are the database's. The server is private, on TCP, and does not sync its disk: that is the same for all. Peers come from PyPI into
a throw-away environment. ``--quick``: a fifth of everything.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from catalog import install, url_of
from studios import Shelf, Studios, percentile

from lockstep.testing import Databases, private_cluster

HERE = Path(__file__).parent
PEERS = ("procrastinate", "pgqueuer", "asyncpg", "psycopg[binary,pool]")
PEERS_MAY = 40.0
WORKERS = 3
DONE = {
    "procrastinate": "select count(*) from procrastinate_jobs where status = 'succeeded'",
    "pgqueuer": "select %(count)s - count(*) from pgqueuer",
}


def lateness(shelf: Shelf, count: int, spread: float) -> None:
    """Print how late pieces are that become due one after the other."""
    shelf.clear()
    shelf.fill(count, 2.0, spread)
    shelf.wait_for_all(spread + 30)
    late = "extract(epoch from {} - scheduled_at)::float8 * 1000"
    claimed = shelf.run(
        f"select {late.format('publications.created_at')} from publications"
        " join content on content.id = content_id"
    )
    written = shelf.run(f"select {late.format('published_at')} from content")
    for what, values, target in (("claimed", claimed, ""), ("written", written, "< 50 ms")):
        p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
        verdict = ("met" if p99 < 50 else "NOT MET") if target else ""
        print(f"  {what}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {max(values):.1f} ms  {target} {verdict}".rstrip())  # fmt: skip
    print(f"  {shelf.verdict()}, {len(claimed)} attempts")


def rate(shelf: Shelf, count: int) -> float:
    """Return how many pieces a second are published that are due at once; print what else there is to say."""
    shelf.clear()
    shelf.fill(count, 0.0, 0.0)
    shelf.wait_for_all(120)
    (seconds,) = shelf.run(
        "select extract(epoch from max(published_at) - min(scheduled_at))::float8 from content"
    )
    owners = shelf.run(
        "select count(*) from content_action_history where action = 'claim' group by after ->> 'owner'"
    )
    print(f"  {count / seconds:,.0f}/s, {shelf.verdict()}, shares {sorted(owners)}")
    return float(count / seconds)


def peer_rate(name: str, python: Path, url: str, count: int, scratch: Path) -> float:
    """Return how many jobs a second a peer does."""
    command = [str(python), "-W", "ignore", str(HERE / "peers" / f"{name}_worker.py"), url]
    subprocess.run([*command, "install"], check=True)
    workers = []
    for n in range(WORKERS):
        with (scratch / f"{name}{n}.log").open("w") as log:
            workers.append(subprocess.Popen([*command, "work"], stdout=log, stderr=log))
    try:
        time.sleep(3)  # until all of them wait for work
        subprocess.run([*command, "fill", str(count)], check=True)
        begun = time.monotonic()
        with psycopg.connect(url, autocommit=True) as connection:
            done, seconds = 0, 0.0
            while done < count and seconds < PEERS_MAY:
                time.sleep(0.05)
                row = connection.execute(DONE[name].encode(), {"count": count}).fetchone()
                done, seconds = row[0] if row else 0, time.monotonic() - begun
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    print(f"  {name}: {done / seconds:,.0f}/s ({done:,} done in {seconds:.1f} s)")
    return done / seconds


def kills(shelf: Shelf, studios: Studios, count: int) -> None:
    """Kill a studio with leases again and again; print how soon what it had was taken over."""
    shelf.clear()
    held = "select count(*) from content where status = 'publishing' and lease_owner like %s"
    delays: list[float] = []
    orphans: list[int] = []
    for n in range(count):
        victim = studios.running[n % WORKERS]
        owner = f"%:{victim.pid}:%"
        leases = 0
        while not leases:
            shelf.fill(300, 0.0, 0.0)
            for _ in range(20):
                victim.send(signal.SIGSTOP)
                (leases,) = shelf.run(held, owner)
                if leases:
                    break
                victim.send(signal.SIGCONT)
                time.sleep(0.005)
        (killed,) = shelf.run("select clock_timestamp()")
        victim.end(signal.SIGKILL)
        studios.running.remove(victim)
        shelf.wait_for_all(30)
        (taken,) = shelf.run(
            "select extract(epoch from max(created_at) - %s)::float8"
            " from content_action_history where action = 'take_over' and created_at > %s",
            killed,
            killed,
        )
        # Its transaction may have been under way: then it was settled by the dead, or nothing was claimed.
        if taken is not None:
            delays.append(taken)
            orphans.append(leases)
        studios.start(WORKERS)
    worst = max(delays, default=0.0)
    print(f"  {count} kills, {len(delays)} of them with work in hand ({sum(orphans)} pieces)")
    print(f"  taken over after {statistics.median(delays):.2f} s (median), {worst:.2f} s (longest)  < 5 s {'met' if worst < 5 else 'NOT MET'}")  # fmt: skip
    print(f"  {shelf.verdict()}")


def load() -> str:
    """Say how busy the machine is."""
    return "load average " + " ".join(f"{n:.1f}" for n in os.getloadavg())


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a fifth of everything")
    share = 5 if parser.parse_args().quick else 1
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as scratch:
        root = Path(scratch)
        wrong = install(root / "peers", PEERS)
        with private_cluster(settings={"max_connections": "200"}, tcp=True) as server, Databases(server.conninfo()) as databases:  # fmt: skip
            print(f"PostgreSQL {server.version}, Python {platform.python_version()}, {os.cpu_count()} CPUs, {load()}")  # fmt: skip
            url = url_of(databases.create(), server.port)
            studios = Studios(root, url)
            try:
                studios.start(WORKERS)
                shelf = Shelf(url)
                print(f"{500 // share} pieces over {60 / share:g} s, {WORKERS} studios ({load()}):")
                lateness(shelf, 500 // share, 60 / share)
                print(f"{20 // share} kills ({load()}):")
                kills(shelf, studios, 20 // share)
                many = 10_000 // share
                print(f"{many:,} due at once, {WORKERS} studios ({load()}):")
                ours = rate(shelf, many)
                studios.start(1)
                print(f"{many:,} due at once, 1 studio ({load()}):")
                rate(shelf, many)
            finally:
                studios.stop()
            print(f"{many:,} jobs at once, {WORKERS} workers ({load()}):")
            if wrong:
                print(f"  no peers: {wrong}")
                return
            for name in DONE:
                peers = url_of(databases.create(), server.port)
                theirs = peer_rate(name, root / "peers" / "bin" / "python", peers, many, root)
                print(f"  studio / {name}: {ours / theirs if theirs else float('inf'):.1f}")
            print(f"studio: {ours:,.0f}/s  >= 1,000/s {'met' if ours >= 1000 else 'NOT MET'}")


if __name__ == "__main__":
    sys.exit(main())
