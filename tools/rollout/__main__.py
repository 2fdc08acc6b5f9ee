"""``make rollout``: ten releases on a small platform, under clients that never pause; Lockstep's boot beside those that people write.

All parts are real: nginx, git with a bare remote and its hook, three replicas of the studio, PostgreSQL, HTTP and WebSocket
clients. For each release: how the deploy ended, the requests and what became of those that were not answered with 2xx, the longest
time without an answer, how WebSockets ended, how long a client was away, and the seconds that each replica's boot took (of the
first one by step). It exits with 1 if, under Lockstep, a client saw an error, a good release is not live, or a bad one is.

By hand: some twenty minutes, six with ``--boot lockstep`` (``make rollout ROLLOUT="--boot lockstep"``). ``--keep`` leaves the folder with every log.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from lockstep.testing import Databases, private_cluster
from rollout import report
from rollout.chain import CHAIN, Release
from rollout.edge import program
from rollout.hosting import COMMANDS
from rollout.story import Outcome, tell


def main() -> int:
    """Run the chain under each kind of boot, print what came of it, and return 1 if Lockstep did not hold."""
    arguments = _parser().parse_args()
    program()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    folder = Path(tempfile.mkdtemp(prefix="rollout-"))
    chain = [release for release in CHAIN if int(release.title.split()[0]) <= arguments.until]
    try:
        outcomes = _compare(arguments.boot or [*COMMANDS], chain, folder)
    finally:
        if arguments.keep:
            print(f"\nkept: {folder}")
        else:
            shutil.rmtree(folder)
    print()
    for boot, ours in outcomes.items():
        print(report.summary(boot, ours))
    return 0 if all(one.as_wanted for one in outcomes.get("lockstep", ())) else 1


def _compare(boots: list[str], chain: list[Release], folder: Path) -> dict[str, list[Outcome]]:
    outcomes: dict[str, list[Outcome]] = {}
    with private_cluster(tcp=True) as server, Databases(server.conninfo()) as databases:
        for boot in boots:
            python_path = "" if boot == "lockstep" else _peers(folder / "peers")
            print(report.head(boot), flush=True)
            outcomes[boot] = []
            database, scratch = (_url(text, server.port) for text in (databases.create(), server.conninfo()))  # fmt: skip
            for outcome in tell(boot, chain, folder / boot, database, scratch, python_path):
                outcomes[boot].append(outcome)
                print(report.line(outcome), *report.reasons(outcome), sep="\n", flush=True)
    return outcomes


def _peers(folder: Path) -> str:
    """Install Alembic beside everything else, once; return where."""
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "alembic"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"Alembic could not be installed:\n{done.stderr[-500:]}")
    return str(folder)


def _url(conninfo: str, port: int) -> str:
    said = conninfo_to_dict(conninfo)
    return f"postgresql://{said['user']}@127.0.0.1:{port}/{said['dbname']}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make rollout", description=__doc__)
    parser.add_argument("--boot", action="append", choices=COMMANDS, help="only this kind of boot (repeatable)")  # fmt: skip
    parser.add_argument("--until", type=int, default=len(CHAIN), metavar="NUMBER", help="stop after this release of the chain")  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
