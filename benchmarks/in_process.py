"""Nothing to do, in one process, after all imports: the floor, two floors that do more of what a boot does, and a boot, in turn.

Run as a process of its own: ``in_process.py URL REPEATS``, in the project's folder; prints wall and CPU seconds as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from floors import noop

from lockstep.attempt import Attempt
from lockstep.interrupt import Interrupt
from lockstep.migrate import ledger
from lockstep.postgres.connection import connect_now
from lockstep.postgres.doctor import examine
from lockstep.settings import resolve
from lockstep.startup import up


def main(url: str, repeats: int) -> dict[str, list[tuple[float, float]]]:
    settings = resolve(flags={"database": url}, environ=os.environ, root=Path.cwd())

    def boot() -> None:
        up(Attempt("up", settings, lambda _event: None, Interrupt()))

    contenders: dict[str, Callable[[], object]] = {
        "floor": lambda: noop.main(url),
        "reading": lambda: (read_files(Path("migrations")), noop.main(url)),
        "statements": lambda: two_statements(url),
        "ours": boot,
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            begun, worked = time.perf_counter(), time.process_time()
            run()
            if turn:
                taken[name].append((time.perf_counter() - begun, time.process_time() - worked))
    return taken


def two_statements(url: str) -> None:
    """Connect and send what every boot sends (the doctor's questions; compare and record), without reading a file."""
    session = connect_now(url, "the benchmark", "floor")
    examine(session)
    boot = ledger.Boot("default", "up", "", "development")
    ledger.compare_and_begin_boot(session, boot, "", "completed")
    session.close()


def read_files(folder: Path) -> dict[str, str]:
    """Return what must be compared with the ledger: every name with its checksum."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*.sql"))
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
