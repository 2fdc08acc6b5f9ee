"""``lockstep prove``: experiments on scratch databases, and what they have shown."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lockstep.cli.colour import is_terminal, palette_for
from lockstep.cli.invocation import settings_of
from lockstep.cli.reading import text_of
from lockstep.prove.formats import data, github, junit, text
from lockstep.prove.ground import proving_ground
from lockstep.prove.probes import Probes
from lockstep.prove.prover import Prover, Wanted
from lockstep.prove.release_needs import ReleaseNeeds
from lockstep.prove.releases import release_after, releases_of, touched_since
from lockstep.prove.subjects import read_subjects
from lockstep.prove.verdicts import FileVerdict, Proof
from lockstep.settings import Settings

NOT_PROVEN = 1


def prove(options: argparse.Namespace) -> int:
    """Prove a folder of migrations; exit with 1 if that does not succeed."""
    settings = settings_of(options, offline=True)
    folders = _folders(options, settings)
    subjects = read_subjects(*(folder for _, folder in folders))
    wanted = Wanted(
        before=text_of(options.before),
        fixture=text_of(options.fixture),
        max_lock=options.max_lock or "",
        race=options.race,
        probes=Probes.read(text_of(options.probe)),
        needs=ReleaseNeeds.read(text_of(options.needs) or "[]", options.needs or ""),
        first=touched_since(options.since, subjects) if options.since else 0,
        releases=[
            *(release_after(file, subjects) for file in options.release),
            *releases_of(folders, options.since or ""),
        ],
    )
    with proving_ground(settings, options.scratch) as ground:
        proof = Prover(ground, subjects, wanted, _Progress(verbose=options.verbose)).prove()
    _write(proof, "json" if options.json else options.format or "text")
    if options.junit:
        Path(options.junit).write_text(junit.render(proof), encoding="utf-8")
    return 0 if proof.proven else NOT_PROVEN


def _folders(options: argparse.Namespace, settings: Settings) -> list[tuple[str, Path]]:
    """Return what is to be proven: the folders that are named; without any, the project's."""
    folders = [("migration", settings.migrations)]
    if options.seeds or (not options.migrations and settings.seeds.is_dir()):
        folders.append(("seed", settings.seeds))
    return folders


def _write(proof: Proof, form: str) -> None:
    if form == "text":
        shown = text.render(proof, palette_for(sys.stdout))
    else:
        shown = {"json": data.render, "github": github.render, "junit": junit.render}[form](proof)
    sys.stdout.flush()
    sys.stdout.buffer.write(shown.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


class _Progress:
    """One line on stderr that is written over and over, where a terminal shows it; else a line a file with ``--verbose``."""

    def __init__(self, *, verbose: bool) -> None:
        self._terminal = is_terminal(sys.stderr)
        self._verbose = verbose

    def __call__(self, number: int, total: int, verdict: FileVerdict) -> None:
        line = text.progress_line(number, total, verdict)
        if self._terminal:
            end = "" if number < total else "\r\033[K"
            print(f"\r\033[K{line[:100]}{end}", end="", file=sys.stderr, flush=True)
        elif self._verbose:
            print(line, file=sys.stderr, flush=True)
