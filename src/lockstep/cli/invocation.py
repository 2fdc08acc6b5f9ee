"""What every command starts from: its settings, and who listens to its events."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from lockstep.events import Event, Listener
    from lockstep.settings import Settings

FLAGS = ("database", "scratch", "migrations", "seeds", "host", "port", "server_version")


def settings_of(
    options: argparse.Namespace,
    declared: Mapping[str, Any] | None = None,
    *,
    offline: bool = False,
) -> Settings:
    """Find the settings for a command: its flags, the environment, the file in the working directory.

    *offline*: the command uses no database.
    """
    from lockstep.settings import resolve

    flags = {name: getattr(options, name, None) for name in FLAGS}
    return resolve(
        flags=flags, environ=os.environ, root=Path.cwd(), declared=declared, offline=offline
    )


def listener_of(options: argparse.Namespace, also: Listener | None = None) -> Listener:
    """Return what shows a boot's events: NDJSON on stdout, or lines for people on stderr; and to a service manager, if there is one.

    *also* hears them first; what it raises is its own affair, and not the boot's.
    """
    listener = _shown(options) if also is None else _first(also, _shown(options))
    if not os.environ.get("NOTIFY_SOCKET"):
        return listener
    from lockstep.boot.sd_notify import also_telling

    return also_telling(listener, os.environ)


def _first(one: Listener, other: Listener) -> Listener:
    def listener(event: Event) -> None:
        with suppress(Exception):
            one(event)
        other(event)

    return listener


def _shown(options: argparse.Namespace) -> Listener:
    if options.json:
        return _while_heard(_print_json, sys.stdout)
    from lockstep.cli.console import Console

    return _while_heard(Console(sys.stderr, verbose=options.verbose), sys.stderr)


@contextmanager
def flushed() -> Iterator[None]:
    """Write out at the end of the block what is still buffered, in silence where that cannot be done."""
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                forget_reader(stream)


def forget_reader(stream: TextIO) -> None:
    """Let *stream* lead nowhere: nothing can be written there any more, and there is nobody to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _while_heard(show: Listener, stream: TextIO) -> Listener:
    """A boot is not about its log: it goes on when nobody reads that any more, or its disk is full."""

    def listener(event: Event) -> None:
        try:
            show(event)
        except OSError:
            forget_reader(stream)

    return listener


def _print_json(event: Event) -> None:
    # In one piece: another thread may report at the same time.
    sys.stdout.write(json.dumps(event.as_dict()) + "\n")
    sys.stdout.flush()
