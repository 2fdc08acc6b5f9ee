"""Take times fairly: contenders in turn, every repetition beside those of the others, and the median of them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

STOPWATCH = Path(__file__).with_name("stopwatch.py")


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall seconds, CPU seconds of the processes, and the largest peak of memory, in bytes."""

    seconds: float
    cpu: float
    peak: int


class Stopwatch:
    """Runs commands as processes with a bare environment, equal for all."""

    def __init__(self, scratch: Path) -> None:
        self._stderr = scratch / "stderr"
        # Nothing of the caller's: PYTHONDONTWRITEBYTECODE alone would change the result.
        self._environment = {n: os.environ[n] for n in ("PATH", "HOME", "LANG") if n in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(STOPWATCH)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def run(
        self,
        *command: str | Path,
        cwd: Path,
        at_once: int = 1,
        accept: Sequence[int] = (0,),
        **environment: str,
    ) -> Sample:
        """Run *command* (several times *at_once*) and return what it took until the last one ended.

        An exit status that is not among *accept* ends the benchmark.
        """
        request = {
            "commands": [[str(part) for part in command]] * at_once,
            "cwd": str(cwd),
            "env": {**self._environment, **environment},
            "stderr": str(self._stderr),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if answer["status"] not in accept:
            said = self._stderr.read_text(errors="replace")[-2000:]
            raise SystemExit(f"{command[0]} exited with {answer['status']}:\n{said}")
        return Sample(answer["seconds"], answer["cpu"], answer["peak"])


class Samples:
    """What one contender took, run by run."""

    def __init__(self, taken: Sequence[Sample]) -> None:
        self.taken = taken

    @property
    def seconds(self) -> float:
        """The median of the wall times."""
        return statistics.median(sample.seconds for sample in self.taken)

    @property
    def fastest(self) -> float:
        """The shortest wall time: the one least disturbed by others."""
        return min(sample.seconds for sample in self.taken)

    @property
    def cpu(self) -> float:
        """The median of the CPU times."""
        return statistics.median(sample.cpu for sample in self.taken)

    @property
    def peak(self) -> float:
        """The median of the peaks of memory, in bytes."""
        return statistics.median(sample.peak for sample in self.taken)

    def __str__(self) -> str:
        longest = max(sample.seconds for sample in self.taken)
        unit, name = (1.0, "s") if self.seconds >= 1 else (1000.0, "ms")
        digits = 2 if self.seconds * unit < 10 else 1 if self.seconds * unit < 100 else 0
        low, mid, high = (
            f"{value * unit:.{digits}f}" for value in (self.fastest, self.seconds, longest)
        )
        return f"{mid} {name} ({low}-{high})"


def interleaved(
    contenders: Mapping[str, Callable[[], Sample]], repeats: Mapping[str, int]
) -> dict[str, Samples]:
    """Run all *contenders* once unmeasured, then in turn; *repeats* says how often each."""
    taken: dict[str, list[Sample]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for turn in range(max(repeats.values())):
        for name, run in contenders.items():
            if turn < repeats[name]:
                taken[name].append(run())
    return {name: Samples(samples) for name, samples in taken.items()}
