"""How long the studio takes from its start to its open socket, on the embedded PostgreSQL, when it was there before."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

BEFORE = "interpreter, imports"


def ready_times(root: Path, repeats: int) -> tuple[float, float, dict[str, float]]:
    """Return the seconds to ready of the first boot, and of later ones (median) with the share of every step."""
    first, _ = _boot(root)
    later = [_boot(root) for _ in range(repeats)]
    steps = {
        name: statistics.median(steps.get(name, 0.0) for _, steps in later) for name in later[0][1]
    }
    return first, statistics.median(seconds for seconds, _ in later), steps


def _boot(root: Path) -> tuple[float, dict[str, float]]:
    """Boot, wait for the event that says that all is up, and stop in good order."""
    environment = {n: os.environ[n] for n in ("PATH", "HOME", "LANG") if n in os.environ}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "studio", "--json"],
        cwd=root,
        env={**environment, "PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    steps: dict[str, float] = {}
    seconds = 0.0
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "StepDone":
            steps[event["step"]] = event["seconds"]
        if event["event"] == "BootCompleted":
            seconds = time.perf_counter() - begun
            steps = {BEFORE: seconds - event["seconds"], **steps}
            process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    if not seconds:
        raise RuntimeError(f"the studio did not boot:\n{said[-2000:]}")
    return seconds, steps
