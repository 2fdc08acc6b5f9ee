"""``lockstep chaos -- CMD``: copies of a whole service, killed at random while they boot, and what came of it."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lockstep.boot.signals import StopSignals
from lockstep.chaos.arena import arena, inherited
from lockstep.chaos.chaos import Chaos
from lockstep.chaos.formats import data, text
from lockstep.chaos.values import Happening, Wanted
from lockstep.cli.colour import is_terminal, palette_for
from lockstep.cli.invocation import settings_of
from lockstep.cli.reading import text_of
from lockstep.errors import ConfigurationWrong, Interrupted
from lockstep.interrupt import Interrupt

DOES_NOT_HOLD = 1
_SEEDS = 100_000


def chaos(options: argparse.Namespace) -> int:
    """Disturb copies of a command; exit with 1 if a claim does not hold."""
    interrupt = Interrupt()
    seed = secrets.randbelow(_SEEDS) if options.seed is None else options.seed
    settings = settings_of(options, offline=True)
    if shutil.which(options.cmd[0]) is None:
        raise ConfigurationWrong(
            f"there is no program {options.cmd[0]!r} on PATH",
            next_step="Correct the command after `--`.",
        )
    progress = _Progress(verbose=options.verbose)
    with StopSignals(interrupt), _logs(options.logs) as logs, _explained(seed):
        wanted = _wanted(options, seed, logs)
        progress.say(f"seed {seed}")
        with arena(settings, options.scratch, text_of(options.before)) as place:
            interrupt.check()
            if why_not := place.try_pooler(options.pgbouncer):
                progress.say(why_not)
            outcome = Chaos(place, wanted, progress, interrupt).run()
    progress.done()
    render = (
        data.render if options.json else lambda told: text.render(told, palette_for(sys.stdout))
    )
    shown = render(outcome)
    sys.stdout.flush()
    sys.stdout.buffer.write(shown.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()
    return 0 if outcome.holds else DOES_NOT_HOLD


def _wanted(options: argparse.Namespace, seed: int, logs: Path) -> Wanted:
    told = inherited()
    for name in ("migrations", "seeds"):
        if getattr(options, name):
            told[f"LOCKSTEP_{name.upper()}"] = getattr(options, name)
    defaults = Wanted(())
    return Wanted(
        command=tuple(options.cmd),
        copies=options.copies,
        rounds=options.rounds,
        seed=seed,
        only=options.round or 0,
        kill_after=options.kill_after or 0.0,
        timeout=options.timeout,
        ready=options.ready,
        addresses=(*defaults.addresses, *options.get),
        own_statuses=tuple(options.allow_exit),
        growing=tuple(options.growing),
        environment=told,
        logs=logs,
    )


@contextmanager
def _logs(folder: str | None) -> Iterator[Path]:
    """Give the folder for the copies' logs: the one that is named, else one that is gone after the block."""
    if folder:
        made = Path(folder)
        made.mkdir(parents=True, exist_ok=True)
        yield made.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="lockstep-chaos-") as temporary:
        yield Path(temporary)


@contextmanager
def _explained(seed: int) -> Iterator[None]:
    try:
        yield
    except Interrupted as error:
        error.why = "All copies were ended, and their databases dropped."
        error.next_step = f"To do the same once more: --seed {seed}"
        raise


class _Progress:
    """What happens, on stderr: a line each with ``--verbose``; else one that is written over, where a terminal shows it."""

    def __init__(self, *, verbose: bool) -> None:
        self._terminal = is_terminal(sys.stderr)
        self._verbose = verbose

    def __call__(self, one: Happening) -> None:
        line = text.happening_line(one)
        if self._verbose:
            print(line, file=sys.stderr, flush=True)
        elif self._terminal:
            print(f"\r\033[K{line[:100]}", end="", file=sys.stderr, flush=True)

    def say(self, what: str) -> None:
        """Say something that is no event."""
        print(what, file=sys.stderr, flush=True)

    def done(self) -> None:
        """Leave the line empty."""
        if self._terminal and not self._verbose:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
