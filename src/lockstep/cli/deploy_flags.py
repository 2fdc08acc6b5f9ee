"""The flags of ``lockstep deploy``."""

from __future__ import annotations

import argparse

from lockstep.cli.reading import address, duration_text

_SCRATCH = "a server for the scratch databases of snapshot and prove (default: LOCKSTEP_SCRATCH_URL, else an embedded one)"


def add_deploy_flags(deploy: argparse.ArgumentParser) -> None:
    """Add them."""
    add = deploy.add_argument
    add("-m", "--message", metavar="MESSAGE", help="commit what is there first, with that message")
    add("--to", metavar="STAGE", help="the last stage (default: all that the setting stages names)")
    add("--scratch", metavar="URL", help=_SCRATCH)
    add("--test", metavar="CMD", help="a shell command that must succeed first (default: the setting test_command)")  # fmt: skip
    for name, purpose in (
        ("--prove", "prove the migrations first, too"),
        ("--dry-run", "print the plan with its commands, and do nothing"),
        ("--yes", "ask nothing (needed where nobody can be asked)"),
        ("--afresh", "do again what was checked and verified for this commit before"),
    ):
        add(name, action="store_true", help=purpose)
    for name, default, purpose in (
        ("--wait", "10m", "how long a release may take until all of it holds, in each stage"),
        ("--steady", "10s", "how long each is requested steadily in the end"),
    ):
        add(name, type=duration_text, default=default, metavar="TIME", help=f"{purpose} (default {default})")  # fmt: skip
    page = "the page whose headers are judged and that is requested (default /)"
    add("--page", type=address, default="/", metavar="PATH", help=page)
    without = "leave a check of the verification out (repeatable)"
    add("--without", action="append", default=[], metavar="CHECK", help=without)
