"""The command line: ``serve`` is the engine's; the others use the studio's database on a schema that must fit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import lockstep
from studio.command_line.telling import APPLICATION

_COMMANDS = ("serve", "create-user", "import", "export")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status; usage errors exit with 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["serve"]:
        return serve(given[1:])
    options = build_parser().parse_args(given)
    if options.command == "create-user":
        from studio.command_line.accounts import create_user

        return create_user(options)
    from studio.command_line.moving import export_rows, import_rows

    return import_rows(options) if options.command == "import" else export_rows(options)


def serve(arguments: Sequence[str]) -> int:
    """Boot the studio and serve until a signal; the arguments are those of ``lockstep serve``."""
    from studio.operations.boot import BOOT
    from studio.operations.telemetry import tracing

    traces = tracing()

    def listener(event: lockstep.Event) -> None:
        BOOT(event)
        if traces is not None:
            traces(event)

    return lockstep.serve(APPLICATION, arguments, listener)


def is_command(arguments: Sequence[str]) -> bool:
    """Tell whether *arguments* begin with one of our commands, or ask for help on them."""
    return bool(arguments) and arguments[0] in {*_COMMANDS, "-h", "--help"}


def build_parser() -> argparse.ArgumentParser:
    """Return what reads the arguments."""
    parser = argparse.ArgumentParser(prog="studio", description="A content platform.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="boot and serve (see: studio serve --help)", add_help=False)
    _add_create_user(commands)
    for name, text in (
        ("import", "add rows of a file; an interrupted import goes on where it stopped"),
        ("export", "write rows to a file"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "file", metavar="FILE", help="the file; - for standard input or output"
        )
        command.add_argument("--user", required=True, metavar="EMAIL", help="whose rows")
        command.add_argument(
            "--what", choices=("content", "projects"), default="content", help="default: content"
        )
        command.add_argument(
            "--format",
            choices=("csv", "json", "ndjson"),
            help="default: as FILE is called, else json",
        )
        if name == "import":
            _add_import(command)
    return parser


def _add_create_user(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "make an account; the password is asked for"
    command = commands.add_parser("create-user", help=text, description=text)
    command.add_argument("email", metavar="EMAIL")
    command.add_argument("--admin", action="store_true", help="make an operator")
    command.add_argument(
        "--password-stdin", action="store_true", help="take the first line of standard input"
    )


def _add_import(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="try only, and keep nothing")
    command.add_argument(
        "--continue",
        dest="go_on",
        action="store_true",
        help="add the good rows although others are bad; without it one bad row keeps all out",
    )
    command.add_argument(
        "--id",
        help="an earlier import's: rows that it has added are not added again, even if the file was corrected",
    )
