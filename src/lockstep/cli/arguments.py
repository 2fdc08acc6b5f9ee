"""The command line's grammar. Built without importing anything that is slow."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from typing import NoReturn, TypeAlias

from lockstep.cli.deploy_flags import add_deploy_flags
from lockstep.cli.deploying import add_init_flags, add_verify_flags
from lockstep.cli.reading import address, count, duration, lock_mode, names, whole
from lockstep.redaction import redact

DATABASE_HELP = "the boot's direct connection (default: LOCKSTEP_DATABASE_URL, DATABASE_UNPOOLED_URL, DATABASE_URL)"


_EXIT_STATUSES = (
    "Exit status: 0 done, 1 findings (lint), not proven, not verified, not deployed or does not hold (chaos), 2 usage, 3 pending or drift (--exit-code, --check), 65 history diverged or files unfit, "
    "69 database unreachable, 70 a migration or service failed, 73 port in use, "
    "75 lock not obtained (retry), 77 privilege missing, 78 configuration wrong, 79 needs unmet or schema drifted, "
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
    _add_schemas(commands)
    _add_repair(commands)
    _add_prove(commands)
    _add_chaos(commands)
    add_verify_flags(_add(commands, "verify", "see that a release serves as it should, where it serves"))  # fmt: skip
    add_init_flags(_add(commands, "init", "write the files that a project begins with, or that a platform wants"))  # fmt: skip
    add_deploy_flags(_add(commands, "deploy", "take a commit to dev and on to production, each verified before the next"))  # fmt: skip
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
    new.add_argument(
        "--from",
        dest="target",
        metavar="TARGET",
        help="write what leads there: a .sql file, a database's URL, or module:metadata of SQLAlchemy",
    )
    _add_scratch(new)
    _add_allowances(new)
    undo = _add(
        commands, "undo", "write the SQL that takes the latest migrations back (development)"
    )
    undo.add_argument(
        "--to", required=True, metavar="FILE", help="the last migration that is to stay"
    )
    undo.add_argument("-o", "--output", metavar="FILE", help="write it there, not to stdout")
    undo.add_argument(
        "--execute", action="store_true", help="run it, and let the ledger forget the files"
    )
    _add_scratch(undo)
    boots = _add(commands, "boots", "show the latest boots, also failed ones")
    boots.add_argument("--limit", type=count, default=20, metavar="N", help="how many (default 20)")
    _add(commands, "doctor", "examine the connections that a boot would use; changes nothing")


def _add_schemas(commands: Commands) -> None:
    snapshot = _add(
        commands, "snapshot", "write schema.lock: what the migrations add up to, one line an object"
    )
    snapshot.add_argument(
        "--check", action="store_true", help="write nothing; exit with 3 if the file is out of date"
    )
    snapshot.add_argument(
        "-o", "--output", metavar="FILE", help="the file (default: the setting schema_lock)"
    )
    _add_scratch(snapshot)
    snapshot.add_argument(
        "--from-database",
        action="store_true",
        help="not what the migrations add up to, but what the database is (so does --database)",
    )
    drift = _add(commands, "drift", "show what of the database is not as it should be")
    drift.add_argument(
        "--against",
        metavar="URL|FILE",
        help="a database or a lock file that it should be like (default: the setting schema_lock)",
    )
    drift.add_argument("--exit-code", action="store_true", help="exit with 3 if anything differs")
    drift.add_argument("--tree", action="store_true", help="show it by schema and table")


def _add_prove(commands: Commands) -> None:
    prove = _add(
        commands,
        "prove",
        "show on scratch databases that each file may run twice, and be killed at any place",
    )
    _add_scratch(prove)
    add = prove.add_argument
    for name, meta, purpose in (
        ("--before", "FILE", "SQL that runs first and is not judged: what a platform provides"),
        (
            "--fixture",
            "FILE",
            "SQL that puts rows into the tables; what it leaves empty gets made-up rows",
        ),
        ("--junit", "FILE", "write a JUnit report there too"),
        (
            "--since",
            "REV",
            "judge only from the first file on that the git revision REV did not have",
        ),
        (
            "--probe",
            "FILE",
            "queries of the release before, which must be answered after each file too",
        ),
        (
            "--needs",
            "FILE.json",
            "what the release before needs (rows of lockstep.needs), which no file may take away",
        ),
    ):
        add(name, metavar=meta, help=purpose)
    _add_forms_of_proof(prove)


def _add_forms_of_proof(prove: Parser) -> None:
    add = prove.add_argument
    heads = "the last file of an earlier release, from whose head the history must lead to the same end (repeatable)"
    add("--release", action="append", default=[], metavar="FILE", help=heads)
    forms = ("text", "json", "github", "junit")
    add("--format", choices=forms, help="text, json, github (annotations) or junit (default: text)")
    add("--race", action="store_true", help="also let eight boots run each file at once")
    locks = (
        "the strongest lock that a file may take on a table that was there: share-update-exclusive"
    )
    add("--max-lock", type=lock_mode, metavar="NAME", help=locks)


def _add_chaos(commands: Commands) -> None:
    chaos = _add(
        commands,
        "chaos",
        "kill copies of a whole service at random while they boot, and see that nothing comes of it",
    )
    chaos.add_argument(
        "cmd",
        nargs=argparse.REMAINDER,
        metavar="-- CMD",
        help="what starts one copy; its port is in PORT, and put in for {port}",
    )
    _add_scratch(chaos)
    add = chaos.add_argument
    add("-v", dest="verbose", action="store_true", help="the same as --verbose: a line an event")
    poolers = "put pgbouncer between the copies' pools and the server: auto, on or off (default: auto, where there is one)"
    add("--pgbouncer", choices=("auto", "on", "off"), default="auto", help=poolers)
    for name, default, purpose in (
        ("--copies", 4, "how many are started together"),
        ("--rounds", 5, "how often, each time on a new database"),
    ):
        add(name, type=count, default=default, metavar="N", help=f"{purpose} (default {default})")
    for name, number, purpose in (
        ("--seed", whole, "what is done depends on it alone (default: another each time)"),
        ("--round", count, "only that round"),
    ):
        add(name, type=number, metavar="N", help=purpose)
    window = "how long they are disturbed, from their start (default: half as long again as they take to boot)"
    add("--kill-after", type=duration, metavar="TIME", help=window)
    late = "how long after the last disturbance all may take to be ready, and to end (default 60s)"
    add("--timeout", type=duration, default=60.0, metavar="TIME", help=late)
    _add_watched(chaos)
    add(
        "--before",
        metavar="FILE",
        help="SQL that runs first in every database: what a platform provides",
    )
    add("--logs", metavar="DIR", help="keep there what the copies write, a file each start")


def _add_watched(chaos: Parser) -> None:
    add = chaos.add_argument
    ready = "the address that tells when a copy is ready: 2xx, and 503 before (default /readyz)"
    add("--ready", type=address, default="/readyz", metavar="PATH", help=ready)
    for name, kind, meta, purpose in (
        ("--get", address, "PATH", "an address to ask for, beside / and /api/health"),
        ("--allow-exit", int, "N", "a status that CMD may end with when it was disturbed"),
        ("--growing", str, "TABLE", "a table (schema.table) whose number of rows is no sign"),
    ):
        add(
            name,
            type=kind,
            metavar=meta,
            action="append",
            default=[],
            help=f"{purpose} (repeatable)",
        )


def _add_allowances(command: Parser) -> None:
    for name, purpose in (
        (
            "--allow-drop",
            "what may be dropped, revoked or loosened: table.column, a pattern, or all",
        ),
        ("--allow-retype", "what may get another type, if its values fit"),
    ):
        command.add_argument(
            name, metavar="NAME", action="append", default=[], help=f"{purpose} (repeatable)"
        )


def _add_repair(commands: Commands) -> None:
    repair = _add(
        commands, "repair", "write the SQL that brings the database back to what it should be"
    )
    _add_allowances(repair)
    add = repair.add_argument
    add(
        "--against",
        metavar="URL|FILE",
        help="a database or a lock file that it should be like (default: the setting schema_lock)",
    )
    add(
        "-o",
        "--output",
        metavar="FILE",
        help="the file (default: 9999_production_repair_idempotent.sql among the migrations)",
    )
    for name, metavar, purpose in (
        ("--backfill", "TABLE.COLUMN=EXPR", "fill the column of rows that are in the way"),
        ("--quarantine", "CONSTRAINT", "move rows that are in the way to a table of their own"),
    ):
        add(name, metavar=metavar, action="append", default=[], help=f"{purpose} (repeatable)")
    add(
        "--with-seeds", action="store_true", help="write the seeds too, so that lost rows come back"
    )
    add("--dry-run", action="store_true", help="print the files instead of writing them")
    add(
        "--no-rehearsal",
        action="store_true",
        help="do not try the files on a copy of the schema first, in a scratch database",
    )
    _add_scratch(repair)
    add(
        "--exit-code",
        action="store_true",
        help="exit with 3 if something is left that the files do not repair",
    )


def _add_scratch(command: Parser) -> None:
    command.add_argument(
        "--scratch",
        metavar="URL",
        help="a server on which to make databases and drop them (default: LOCKSTEP_SCRATCH_URL, else an embedded one)",
    )


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
            name, type=names, action="extend", default=[], metavar="RULE,...", help=purpose
        )
    lint.add_argument("--explain", metavar="RULE", help="tell what a rule is about, with examples")


def split_command(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split ``run ... -- CMD`` and ``chaos ... -- CMD`` at its ``--``, so that CMD's own options are never taken for ours."""
    if "--" in arguments:
        at = list(arguments).index("--")
        return list(arguments[:at]), list(arguments[at + 1 :])
    return list(arguments), []


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
