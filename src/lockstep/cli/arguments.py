"""The command line's grammar. Built without importing anything that is slow."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from typing import NoReturn, TypeAlias

from lockstep.redaction import redact

DATABASE_HELP = "the boot's direct connection (default: LOCKSTEP_DATABASE_URL, DATABASE_UNPOOLED_URL, DATABASE_URL)"


_EXIT_STATUSES = (
    "Exit status: 0 done, 1 findings (lint), 2 usage, 3 pending (--exit-code), 65 history diverged or files unfit, "
    "69 database unreachable, 70 a migration or service failed, 73 port in use, "
    "75 lock not obtained (retry), 77 privilege missing, 78 configuration wrong, 79 needs unmet, "
    "130/143 interrupted."
)


class Parser(argparse.ArgumentParser):
    """An argument parser that knows its commands' names."""

    command_names: tuple[str, ...] = ()

    def error(self, message: str) -> NoReturn:
        """Exit with 2; what was not understood is quoted without its secrets."""
        super().error(redact(message))


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def build_parser() -> Parser:
    """Return the parser for every command."""
    parser = Parser(
        prog="lockstep",
        description="Boots a PostgreSQL-backed service in lockstep with its schema, or stops and says why.",
        epilog=_EXIT_STATUSES,
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", parser_class=Parser
    )
    _add_boots(commands)
    _add_inspections(commands)
    _add_lint(commands)
    parser.command_names = tuple(commands.choices)
    return parser


def _add_boots(commands: Commands) -> None:
    _add(commands, "up", "bring the schema to head (steps 1-5), then exit")
    run = _add(commands, "run", "bring the schema to head, then become CMD")
    run.add_argument(
        "cmd",
        nargs=argparse.REMAINDER,
        metavar="-- CMD",
        help="the program to become, with its arguments",
    )
    serve = _add(commands, "serve", "boot an application: schema, services, HTTP last")
    serve.add_argument(
        "target",
        nargs="?",
        metavar="MODULE:ATTRIBUTE",
        help="an Application, or an ASGI application",
    )
    serve.add_argument("--host", help="the address to listen on; * for all")
    serve.add_argument("--port", help="the port to listen on (default: PORT, or 5000)")


def _add_inspections(commands: Commands) -> None:
    for name, purpose in (
        ("status", "show what is applied, pending and ahead; changes nothing"),
        ("plan", "show what would run, statement by statement; changes nothing"),
    ):
        command = _add(commands, name, purpose)
        command.add_argument(
            "--exit-code", action="store_true", help="exit with 3 if something is pending"
        )
    new = _add(commands, "new", "write the next migration file")
    new.add_argument("name", metavar="NAME", help="a verb phrase: add_project_id_to_content")
    new.add_argument("--seed", action="store_true", help="write a seed instead")
    boots = _add(commands, "boots", "show the latest boots, also failed ones")
    boots.add_argument(
        "--limit", type=_count, default=20, metavar="N", help="how many (default 20)"
    )
    _add(commands, "doctor", "examine the connections that a boot would use; changes nothing")


def _add_lint(commands: Commands) -> None:
    lint = _add(
        commands,
        "lint",
        "judge SQL files without a database: may they run twice, what do they lock",
    )
    add = lint.add_argument
    add(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files, folders, - for stdin (default: the folders of migrations and seeds)",
    )
    for name, purpose in (
        ("--fix", "make the edits that cure findings, in place"),
        ("--diff", "show what --fix would change; writes nothing"),
        ("--strict", "warnings fail too"),
        ("--quiet", "findings only, no summary"),
    ):
        add(name, action="store_true", help=purpose)
    add(
        "--format",
        choices=("text", "json", "github", "sarif", "junit"),
        help="text, json, github (annotations), sarif or junit (default: text)",
    )
    versions = tuple(map(str, range(13, 19)))
    server = "the PostgreSQL that the files must run on (default: the setting server_version)"
    add("--server", dest="server_version", choices=versions, metavar="13..18", help=server)
    _add_choice_of_rules(lint)
    add("--stdin-filename", metavar="NAME", help="the name of what comes from stdin")


def _add_choice_of_rules(lint: Parser) -> None:
    for name, purpose in (
        ("--select", "only these rules; what keeps a file from running is always told"),
        ("--exclude", "all but these rules"),
    ):
        lint.add_argument(
            name, type=_names, action="extend", default=[], metavar="RULE,...", help=purpose
        )
    lint.add_argument("--explain", metavar="RULE", help="tell what a rule is about, with examples")


def split_command(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split ``run ... -- CMD`` at its ``--``, so that CMD's own options are never taken for ours."""
    if "--" in arguments:
        at = list(arguments).index("--")
        return list(arguments[:at]), list(arguments[at + 1 :])
    return list(arguments), []


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _names(text: str) -> list[str]:
    return [name for name in text.replace(",", " ").split() if name]


def _add(commands: Commands, name: str, purpose: str) -> Parser:
    command = commands.add_parser(
        name,
        help=purpose,
        description=f"{purpose[0].upper()}{purpose[1:]}.",
        parents=[_common_options()],
    )
    command.set_defaults(parser=command)
    return command


@functools.cache
def _common_options() -> Parser:
    """Return what every command takes; made once, because argparse is slow in adding options."""
    common = Parser(add_help=False)
    common.add_argument("--database", metavar="URL", help=DATABASE_HELP)
    common.add_argument(
        "--migrations", metavar="DIR", help="the folder of migrations (default: migrations)"
    )
    common.add_argument("--seeds", metavar="DIR", help="the folder of seeds (default: seeds)")
    common.add_argument(
        "--json", action="store_true", help="data as JSON on stdout: one object a line for streams"
    )
    common.add_argument(
        "--verbose",
        action="store_true",
        help="show notices, and the traceback of an unforeseen error",
    )
    return common
