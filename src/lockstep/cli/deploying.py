"""The arguments of ``verify`` and ``init``: what serves where, and the files that make a platform serve it."""

from __future__ import annotations

import argparse

from lockstep.cli.reading import address, count, duration

PLATFORM_NAMES = ("docker", "github", "kubernetes", "procfile", "railway", "systemd")


def add_verify_flags(verify: argparse.ArgumentParser) -> None:
    """Add what ``verify`` takes."""
    add = verify.add_argument
    add(
        "url",
        nargs="?",
        metavar="URL",
        help="where it answers (default: the setting url of the environment)",
    )
    where = verify.add_mutually_exclusive_group()
    for flag, name in (("--local", "development"), ("--production", "production")):
        where.add_argument(
            flag,
            dest="environment",
            action="store_const",
            const=name,
            help=f"the environment {name}",
        )
    where.add_argument("--environment", metavar="NAME", help="another environment of lockstep.toml")
    add(
        "--release",
        metavar="REV",
        help="the release that is to serve (default: the commit that is checked out)",
    )
    for flag, default, purpose in (
        ("--wait", 0.0, "look again for so long until all holds"),
        ("--steady", 10.0, "how long to request steadily in the end (default 10s; 0s: not at all)"),
    ):
        add(flag, type=duration, default=default, metavar="TIME", help=purpose)
    _add_what_is_asked(verify)
    add("--junit", metavar="FILE", help="write JUnit's XML there, too")


def _add_what_is_asked(verify: argparse.ArgumentParser) -> None:
    add = verify.add_argument
    add(
        "--rate",
        type=count,
        default=10,
        metavar="N",
        help="how many requests a second (default 10)",
    )
    add(
        "--page",
        type=address,
        default="/",
        metavar="PATH",
        help="the page whose headers are judged and that is requested (default /)",
    )
    add(
        "--websocket",
        type=address,
        metavar="PATH",
        help="where a WebSocket answers (default: the setting websocket)",
    )
    for flag, meta, purpose in (
        (
            "--header",
            "'NAME: VALUE'",
            "sent with the handshake of the WebSocket, such as a session's cookie",
        ),
        ("--without", "CHECK", "leave a check out"),
    ):
        add(flag, action="append", default=[], metavar=meta, help=f"{purpose} (repeatable)")


def add_init_flags(init: argparse.ArgumentParser) -> None:
    """Add what ``init`` takes."""
    add = init.add_argument
    add(
        "--platform",
        action="append",
        default=[],
        choices=PLATFORM_NAMES,
        help="whose files to write (repeatable; without it: lockstep.toml and the folders of a new project)",
    )
    for flag, meta, purpose in (
        ("--app", "NAME", "the application's name (default: what lockstep.toml says, or the folder's name)"),
        ("--application", "MODULE:ATTRIBUTE", "what lockstep serve boots (default: what lockstep.toml says)"),
        ("--python", "3.N", "the Python of images and workflows (default: the one that runs this)"),
        ("--port", "PORT", "the port to listen on where the platform chooses none (default 5000)"),
        ("--requirements", "FILE", "what pins the packages (default: requirements.lock, or requirements.txt)"),
    ):  # fmt: skip
        add(flag, metavar=meta, help=purpose)
    boots = (
        "what boots the service instead of lockstep serve, such as 'lockstep run -- node server.js'"
    )
    add("--run", dest="command_line", metavar="'CMD'", help=boots)
    add("--force", action="store_true", help="write over files that are there and differ")
    add("--dry-run", action="store_true", help="print the files instead of writing them")
