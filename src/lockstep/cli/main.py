"""The command line: find the command, run it, turn its end into an exit status."""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lockstep.cli.arguments import Parser, build_parser, split_command
from lockstep.cli.invocation import flushed, forget_reader

if TYPE_CHECKING:
    from lockstep.application import Application
    from lockstep.errors import LockstepError
    from lockstep.events import Listener


def run(arguments: Sequence[str]) -> int:
    """Run the command that *arguments* name and return the exit status; usage errors exit with 2 from argparse."""
    with flushed():
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    own, cmd = split_command(arguments)
    parser = build_parser()
    options, unknown = parser.parse_known_args(own)
    usage: Parser = getattr(options, "parser", parser)
    if unknown:
        usage.error(f"unrecognized arguments: {' '.join(unknown)}")
    if options.version:
        from lockstep import __version__

        print(f"lockstep {__version__}")
        return 0
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    takes_program = options.command in {"run", "chaos"}
    if cmd and not takes_program:
        usage.error(f"only run and chaos take a program: {' '.join(cmd)}")
    given = getattr(options, "cmd", [])
    # After a program that was named without ours, a `--` is the program's own.
    options.cmd = [*given, "--", *cmd] if given and cmd else given or cmd
    if takes_program and not options.cmd:
        usage.error(f"the program is missing: lockstep {options.command} -- CMD ...")
    return guarded(lambda options: _command(options.command)(options), options)


def serve(
    application: Application | str, arguments: Sequence[str], listener: Listener | None = None
) -> int:
    """Do what ``lockstep serve`` does, for an application's own ``__main__``; return the exit status.

    Named as ``module:attribute`` it is imported in step 0, where a signal is heard and a mistake gets its message.
    *listener* hears the boot's events too, from whichever thread they come, before they are shown.
    """
    named, made = ([application], None) if isinstance(application, str) else ([], application)
    options = build_parser().parse_args(["serve", *named, *arguments])
    from lockstep.cli.serving import serve_application

    with flushed():
        return guarded(lambda options: serve_application(options, made, listener), options)


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    command = _imported(name)
    if not gc.isenabled():
        # `__main__` turned the collector off for the imports; what they made need not be looked at again.
        gc.freeze()
        gc.enable()
    return command


_HOMES = {
    **dict.fromkeys(("up", "run", "serve"), "boots"),
    **dict.fromkeys(("status", "plan", "new", "boots", "doctor"), "inspect"),
}
"""The modules of those commands that have none of their own name."""


def _imported(name: str) -> Callable[[argparse.Namespace], int]:
    """Return a command's function, importing only the module that it is in."""
    module = importlib.import_module(f"lockstep.cli.{_HOMES.get(name, name)}")
    command: Callable[[argparse.Namespace], int] = getattr(module, name)
    return command


def guarded(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run *command*; show what it raises, and return the status that belongs to it."""
    from lockstep.errors import LockstepError, Unexpected

    try:
        status = command(options)
        sys.stdout.flush()
        return status
    except LockstepError as error:
        show_error(error, options)
        if options.verbose and error.__cause__ is not None:
            show_traceback(error.__cause__)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        forget_reader(sys.stdout)
        return 0
    except Exception as error:
        unexpected = Unexpected.wrap(error)
        show_error(unexpected, options)
        if options.verbose:
            show_traceback(error)
        return unexpected.exit_status


def show_error(error: LockstepError, options: argparse.Namespace) -> None:
    """Show *error* once: boots have shown theirs as an event."""
    if getattr(error, "shown", False):
        return
    if options.json:
        print(json.dumps({"event": "Error", "error": error.as_dict()}), flush=True)
        return
    from lockstep.cli.colour import palette_for
    from lockstep.cli.errors import render_error

    print(render_error(error, palette_for(sys.stderr)), file=sys.stderr)


def show_traceback(error: BaseException) -> None:
    """Show the one traceback that ``--verbose`` asks for."""
    import traceback

    from lockstep.redaction import redact

    text = "".join(traceback.format_exception(error))
    print(redact(text), file=sys.stderr)
