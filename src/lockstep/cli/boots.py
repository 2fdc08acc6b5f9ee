"""The commands that boot: up, run, serve."""

from __future__ import annotations

import argparse
import os
import shutil

from lockstep.attempt import Attempt
from lockstep.boot.signals import StopSignals
from lockstep.cli.invocation import listener_of, settings_of
from lockstep.errors import ConfigurationWrong, LockstepError
from lockstep.interrupt import Interrupt
from lockstep.startup import SchemaReady
from lockstep.startup import up as bring_up


def up(options: argparse.Namespace) -> int:
    """``lockstep up``: steps 1-5."""
    ready = _bring_up("up", options)
    if ready.source.cluster is not None:
        ready.source.cluster.stop()
    return 0


def run(options: argparse.Namespace) -> int:
    """``lockstep run -- CMD``: steps 1-5, then this process becomes CMD; on any failure CMD is not started."""
    program = shutil.which(options.cmd[0])
    if program is None:
        raise ConfigurationWrong(
            f"there is no program {options.cmd[0]!r} on PATH",
            why="It is looked for before the first migration runs.",
            next_step="Correct the command after `--`.",
        )
    ready = _bring_up("run", options)
    if ready.source.cluster is not None:
        ready.source.cluster.keep_across_exec()
        os.environ.setdefault("DATABASE_URL", ready.source.cluster.url())
    os.execv(program, options.cmd)  # noqa: S606  # becoming the user's command is what `run` is for


def serve(options: argparse.Namespace) -> int:
    """``lockstep serve``: all seven steps, until a signal."""
    from lockstep.cli.serving import serve_application

    return serve_application(options)


def _bring_up(command: str, options: argparse.Namespace) -> SchemaReady:
    settings = settings_of(options)
    interrupt = Interrupt()
    with StopSignals(interrupt):
        attempt = Attempt(command, settings, listener_of(options), interrupt)
        try:
            return bring_up(attempt)
        except LockstepError as error:
            error.shown = True
            raise
