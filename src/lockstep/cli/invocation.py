"""What every command starts from: its settings, and who listens to its events."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lockstep.events import Event, Listener
    from lockstep.settings import Settings

FLAGS = ("database", "migrations", "seeds", "host", "port")


def settings_of(options: argparse.Namespace, declared: Mapping[str, Any] | None = None) -> Settings:
    """Find the settings for a command: its flags, the environment, the file in the working directory."""
    from lockstep.settings import resolve

    flags = {name: getattr(options, name, None) for name in FLAGS}
    return resolve(flags=flags, environ=os.environ, root=Path.cwd(), declared=declared)


def listener_of(options: argparse.Namespace) -> Listener:
    """Return what shows a boot's events: NDJSON on stdout, or lines for people on stderr."""
    if options.json:
        return _print_json
    from lockstep.cli.console import Console

    return Console(sys.stderr, verbose=options.verbose)


def _print_json(event: Event) -> None:
    print(json.dumps(event.as_dict()), flush=True)
