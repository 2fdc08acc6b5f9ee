"""The commands that boot: up, run, serve."""

from __future__ import annotations

import argparse
import os
import signal

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
    import shutil

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
        os.environ["DATABASE_URL"] = ready.source.cluster.url()
    # Python ignores these two, and what is ignored stays so across exec: CMD must find them as any program does.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execv(program, options.cmd)  # noqa: S606  # to become the user's command is what `run` is for
    except OSError as error:
        raise ConfigurationWrong(
            f"{program} cannot be run: {error.strerror}",
            why="The schema is at head, but the system does not take the file for a program.",
            next_step="A script needs a first line such as #!/bin/sh; or name its interpreter: run -- sh FILE",
        ) from error


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
