"""The platform: it keeps three replicas of the newest release that became healthy, and says why one did not.

A push to the bare remote runs ``roll`` in git's post-receive hook. The first deploy starts all replicas at once; after that they
are replaced one by one: the new one is started beside the old one, must answer its health check with 200 within the window (one that
ends is started again, as by ``restart: on-failure``), is put behind the edge, and only then the old one is taken away, told to end, and
killed if it does not within the time for draining. One that does not become healthy ends the deploy; the old ones stay.

What the platform knows is one JSON file, since each push is a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.error import URLError

from rollout.edge import Edge

REPLICAS = 3
HEALTH = "/api/health"
WINDOW = 200.0
"""How long a replica may take to become healthy, in seconds, its restarts included."""
TRIES = 3
OVERLAP = 0.5
DRAIN = 15.0
_PAUSE = 1.0
_TOLD = 4


@dataclass(frozen=True, slots=True)
class Replica:
    """One process that serves; ``seconds`` is what it took until it was healthy, ``starts`` how often it had to be started."""

    slot: int
    pid: int
    port: int
    release: str
    log: str
    seconds: float = 0.0
    starts: int = 1


@dataclass(slots=True)
class State:
    """What is kept from push to push. ``boot`` says how releases are started, ``at_once`` whether the first ones are together;
    ``booting`` is the process that is being waited for."""

    folder: str
    port: int
    boot: str
    environment: dict[str, str]
    replicas: list[Replica] = field(default_factory=list)
    booted: list[Replica] = field(default_factory=list)
    booting: int = 0
    at_once: bool = True

    @classmethod
    def read(cls, path: Path) -> State:
        """Read it from its file."""
        data = json.loads(path.read_text(encoding="utf-8"))
        for name in ("replicas", "booted"):
            data[name] = [Replica(**one) for one in data[name]]
        return cls(**data)

    def write(self, path: Path) -> None:
        """Write it to its file, at once."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(path)


class NotHealthy(Exception):
    """A replica did not become healthy; the text says why, as far as a platform can know."""


class Host:
    """The platform whose state is at *path*; *commands* are how each kind of boot is started, before the port."""

    def __init__(self, path: Path, commands: Mapping[str, list[str]]) -> None:
        self._path = path
        self._state = State.read(path)
        self._command = commands[self._state.boot]
        self._edge = Edge(Path(self._state.folder) / "edge", self._state.port)

    def roll(self, release: str, code: Path) -> None:
        """Replace the replicas with those of *release*, whose files are in *code*; raises ``NotHealthy``."""
        self._state.booted = []
        if not self._state.replicas:
            self._begin(release, code)
            return
        for old in sorted(self._state.replicas, key=lambda one: one.slot):
            new = self._boot(old.slot, release, code)
            self._replace(old, new)
            print(f"replica {new.slot}: healthy after {new.seconds:.1f} s, replaces the old one")

    def _begin(self, release: str, code: Path) -> None:
        if not self._state.at_once:
            for slot in range(REPLICAS):
                self._boot(slot, release, code)
            return
        started = [self._start(slot, release, code) for slot in range(REPLICAS)]
        try:
            for process, draft in started:
                self._healthy(process, draft, code)
        except NotHealthy:
            for process, _ in started:
                process.kill()
            self._state.replicas = []
            self._show()
            raise
        print(f"{REPLICAS} replicas, started at once, are healthy")

    def _boot(self, slot: int, release: str, code: Path) -> Replica:
        return self._healthy(*self._start(slot, release, code), code)

    def _healthy(self, process: subprocess.Popen[bytes], draft: Replica, code: Path) -> Replica:
        """Wait until it is healthy, starting it again when it ends."""
        begun = time.monotonic()
        for attempt in range(1, TRIES + 1):
            if _answers(process, draft.port, begun + WINDOW):
                new = replace(draft, seconds=time.monotonic() - begun, starts=attempt)
                self._enter(new)
                return new
            if process.poll() is None:
                process.kill()
                process.wait()
                raise NotHealthy(_why(draft, f"not healthy within {WINDOW:g} s", code))
            what = _end_of(process.returncode)
            print(f"replica {draft.slot}: {what} (start {attempt} of {TRIES})")
            if attempt < TRIES:
                time.sleep(_PAUSE)
                process, draft = self._start(draft.slot, draft.release, code)
        raise NotHealthy(_why(draft, what, code))

    def _start(
        self, slot: int, release: str, code: Path
    ) -> tuple[subprocess.Popen[bytes], Replica]:
        port = free_port()
        number = len(list(code.glob("replica*.log")))
        log = code / f"replica{slot}.{number}.log"
        environment = {**self._state.environment, "PORT": str(port), "LOCKSTEP_RELEASE": release}
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(code / "src"), str(code), environment["PYTHONPATH"]]
        )
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*self._command, str(port)],
                cwd=code,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._state.booting = process.pid
        self._state.write(self._path)
        return process, Replica(slot, process.pid, port, release, str(log))

    def _enter(self, new: Replica) -> None:
        self._state.booting = 0
        self._state.booted.append(new)
        self._state.replicas.append(new)
        self._show()

    def _replace(self, old: Replica, new: Replica) -> None:
        time.sleep(OVERLAP)
        self._state.replicas = [one for one in self._state.replicas if one.pid != old.pid]
        self._show()
        time.sleep(OVERLAP)
        if not end(old.pid, DRAIN):
            print(f"replica {new.slot}: the old one had to be killed")

    def _show(self) -> None:
        self._edge.point_at([one.port for one in self._state.replicas])
        self._state.write(self._path)


def end(pid: int, within: float) -> bool:
    """Tell a process to end; kill it, and return False, if it has not within so many seconds."""
    if not _runs(pid):
        return True
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + within
    while _runs(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return False
        time.sleep(0.02)
    return True


def _runs(pid: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody has waited for does not."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return said.rpartition(")")[2].split()[0] != "Z"


def _answers(process: subprocess.Popen[bytes], port: int, deadline: float) -> bool:
    """Return True once the health check is answered with 200; False if the process ended or the time is over."""
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{HEALTH}", timeout=2) as answer:
                if answer.status == 200:
                    return True
        except (URLError, OSError):
            pass
        time.sleep(0.05)
    return False


def _end_of(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def _why(draft: Replica, what: str, code: Path) -> str:
    """Return what the operator is told: what happened, and the last that the replica itself said."""
    said = Path(draft.log).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = [line.replace(str(code), ".") for line in said[-_TOLD:]]
    if said and said[-1].startswith('{"event": "BootFailed"'):
        error = json.loads(said[-1])["error"]
        last = [f"{error['code']} {error['error']}: {error['what']}"]
        last += [f"  - {problem['what']}" for problem in error["problems"]]
        last += [f"{name}: {error[key]}" for name, key in (("where", "where"), ("why", "why"), ("next", "next")) if error[key]]  # fmt: skip
    return "\n".join([f"replica {draft.slot} of {draft.release[:12]}: {what}. It said:", *last])


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


COMMANDS = {
    "lockstep": [sys.executable, "-m", "lockstep", "serve", "--json", "--port"],
    "alembic": [sys.executable, "-m", "uvicorn", "handwritten:app", "--host", "127.0.0.1", "--log-level", "warning", "--port"],
}  # fmt: skip
COMMANDS["alembic-locked"] = COMMANDS["alembic"]
