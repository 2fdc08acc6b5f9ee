"""``lockstep deploy``: from a commit to production, stage by stage, each verified before the next."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from lockstep.boot.signals import StopSignals
from lockstep.cli.arguments import Parser
from lockstep.cli.colour import palette_for
from lockstep.cli.invocation import forget_reader, settings_of
from lockstep.cli.verify import names_of_checks
from lockstep.deploy.deployer import Job
from lockstep.deploy.deployer import deploy as do
from lockstep.deploy.doing import Doing
from lockstep.deploy.formats import deploy_data, deploy_text
from lockstep.deploy.git import Git
from lockstep.deploy.plan import Wanted
from lockstep.deploy.processes import Processes, may_ask
from lockstep.deploy.reports import Report, Reporter
from lockstep.deploy.secrets import concealed
from lockstep.deploy.stages import settings_of_stages, stages_of
from lockstep.interrupt import Interrupt

NOT_DEPLOYED = 1
_QUIET_PATIENCE = 15.0
_YES = ("y", "yes")


def deploy(options: argparse.Namespace) -> int:
    """Plan, ask, do; exit with 1 where something failed, 130 or 143 where it was cut short."""
    usage: Parser = options.parser
    if options.database:
        usage.error("a deploy has a database for each stage: name them in the environment, as PRODUCTION_DATABASE_URL")  # fmt: skip
    if not (options.yes or options.dry_run or may_ask()):
        usage.error("nobody can be asked here: say --yes, or --dry-run")
    interrupt = Interrupt()
    insisted = Interrupt()
    with StopSignals(
        interrupt, on_insist=lambda: insisted.request(interrupt.signal_number)
    ) as signals:
        job = _job(options, (interrupt, insisted), signals)
        finished = do(job)
    if finished.status == "interrupted":
        return 128 + interrupt.signal_number
    return 0 if finished.status in {"deployed", "planned"} else NOT_DEPLOYED


def _job(
    options: argparse.Namespace, interrupts: tuple[Interrupt, Interrupt], signals: StopSignals
) -> Job:
    root = Path.cwd()
    own = settings_of(options, offline=True)
    usage: Parser = options.parser
    if options.to and options.to not in own.stages:
        usage.error(f"there is no stage {options.to!r}; there are {', '.join(own.stages)}")
    names = own.stages[: own.stages.index(options.to) + 1] if options.to else own.stages
    flags = {name: getattr(options, name) for name in ("migrations", "seeds", "scratch")}
    settings = settings_of_stages(names, flags, os.environ, root)
    stages = stages_of(settings)
    wanted = _wanted(options, own.test_command)
    report = _reporter(options)
    first, insisted = interrupts
    processes = Processes(root, os.environ, first)
    patient = Processes(root, os.environ, insisted, first)
    return Job(
        root=root,
        stages=stages,
        wanted=wanted,
        doing=Doing(stages, settings, wanted, processes, Git(processes), Git(patient), report),
        quiet_git=Git(patient, _QUIET_PATIENCE),
        report=report,
        confirm=_confirmed if options.yes else _asker(signals),
        again=_again(options),
        afresh=options.afresh,
        dry_run=options.dry_run,
    )


def _wanted(options: argparse.Namespace, test_command: str) -> Wanted:
    folders = [(flag, getattr(options, flag)) for flag in ("migrations", "seeds")]
    return Wanted(
        message=options.message or "",
        prove=options.prove,
        tests=options.test if options.test is not None else test_command,
        wait=options.wait,
        steady=options.steady,
        without=sorted(names_of_checks(options.without)),
        page=options.page,
        flags=[word for flag, folder in folders if folder for word in (f"--{flag}", folder)],
        scratch=["--scratch", options.scratch] if options.scratch else [],
    )


def _reporter(options: argparse.Namespace) -> Reporter:
    shown: Callable[[Report], str] = deploy_data.render
    if not options.json:
        shown = deploy_text.Text(palette_for(sys.stdout), verbose=options.verbose).render

    def report(one: Report) -> None:
        # A deploy is not about its log: it goes on when nobody reads that any more.
        try:
            sys.stdout.write(shown(one))
            sys.stdout.flush()
        except OSError:
            forget_reader(sys.stdout)

    return report


def _confirmed(_question: str) -> bool:
    return True


def _asker(signals: StopSignals) -> Callable[[str], bool]:
    """Return what asks the person at the terminal; a signal ends the waiting for an answer."""

    def ask(question: str) -> bool:
        with signals.breaking_off(lambda _: None):
            print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
            return sys.stdin.readline().strip().lower() in _YES

    return ask


def _again(options: argparse.Namespace) -> str:
    """Return the command that goes on, without a message."""
    words = ["lockstep", "deploy"]
    for name in ("to", "scratch", "migrations", "seeds", "test"):
        value = getattr(options, name)
        words += [f"--{name}", value] if value else []
    words += [f"--{name}" for name in ("prove", "yes", "json") if getattr(options, name)]
    words += [word for name in options.without for word in ("--without", name)]
    for name, default in (("wait", "10m"), ("steady", "10s"), ("page", "/")):
        value = getattr(options, name)
        words += [f"--{name}", value] if value != default else []
    return concealed(shlex.join(words))
