"""Hold ``lockstep prove`` against psql and pg_dump on real migrations: ``make prove-check CORPUS=folder [PROJECTS=names]``.

Both look at the same folders on servers of their own. They agree on a file if psql can apply it where the prover says so, and if
applying it again changes nothing (or does) where the prover says so of the tables as the history leaves them. What the prover finds
beyond that (with rows, after a crash, in a replay) is counted apart.

Opt-in, and no part of the suite: the material is other people's and is never committed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus.laboratory import Failed, Laboratory, laboratory
from corpus.projects import BEFORE
from proving.plain import Plain, Script

from lockstep.embedded import find


def main() -> int:
    """Compare, print what differs, and exit with 1 if anything does."""
    arguments = _arguments()
    totals: Counter[str] = Counter()
    for folder in _folders(arguments.corpus, arguments.projects):
        begun = time.monotonic()
        plain, supplied = _plain(folder, arguments.cache)
        middle = time.monotonic()
        shown = _prove(folder, supplied)
        counts = _compare(folder.name, plain, shown)
        totals += counts
        print(_row(folder.name, counts, middle - begun, time.monotonic() - middle), flush=True)
    print(_row("all", totals, 0, 0))
    return 1 if totals["disagree"] else 0


def _folders(corpus: Path, names: Sequence[str]) -> list[Path]:
    if names:
        return [corpus / name for name in names]
    return sorted(one for one in corpus.iterdir() if one.is_dir() and one.name[0] != ".")


def _plain(folder: Path, cache: Path | None) -> tuple[list[Plain], list[str]]:
    kept = cache / f"{folder.name}.json" if cache else None
    if kept and kept.exists():
        known = json.loads(kept.read_text())
        return [Plain(**one) for one in known["files"]], known["supplied"]
    supplied: list[str] = []
    while True:
        # What the environment lacks is put there from the beginning: so it is known only after a first round.
        with laboratory() as lab:
            _supply(lab, supplied)
            script = Script(lab, find(), folder)
            found = list(script.verdicts())
        if not script.supplied:
            break
        supplied += script.supplied
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"files": [vars(one) for one in found], "supplied": supplied}))
    return found, supplied


def _supply(lab: Laboratory, errors: Sequence[str]) -> None:
    for error in errors:
        lab.supply(Failed("", error, 0))


def _prove(folder: Path, supplied: Sequence[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch, laboratory() as lab:
        _supply(lab, supplied)
        copy = Path(scratch, folder.name)
        shutil.copytree(
            folder, copy, ignore=lambda place, _: {BEFORE} if Path(place) == folder else set()
        )
        before = ["--before", str(folder / BEFORE)] if (folder / BEFORE).is_file() else []
        command = [
            sys.executable,
            "-m",
            "lockstep",
            "prove",
            "--json",
            "--migrations",
            str(copy),
            "--scratch",
            lab.server.conninfo(),
            *before,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=scratch)  # noqa: S603
        if done.returncode not in (0, 1) or not done.stdout.startswith("{\n"):
            raise SystemExit(f"{folder.name}: {done.stdout[-2000:]}{done.stderr[-3000:]}")
        return list(json.loads(done.stdout)["files"])


def _compare(project: str, plain: Sequence[Plain], shown: Sequence[dict[str, Any]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    proven = {one["name"]: one for one in shown}
    for one in plain:
        ours = proven.pop(one.name)
        said = _plainly(ours)
        counts["files"] += 1
        counts[one.verdict] += 1
        if said != one.verdict:
            counts["disagree"] += 1
            print(
                f"  {project}/{one.name}: psql {one.verdict} ({one.reason[:160]}), prove {said} ({ours['reason'][:160]})"
            )
        for check in ("crash", "replay"):
            counts[check] += ours["checks"][check]["result"] == "unsafe"
        twice = ours["checks"]["twice"]
        if said == "ok" and twice["result"] != "ok":
            counts["rows"] += 1
        applies = ours["checks"]["applies"]
        counts["rows fail"] += applies.get("rows", "").startswith("fails")
    for name in proven:
        counts["disagree"] += 1
        print(f"  {project}/{name}: only the prover takes it for a migration")
    return counts


def _plainly(ours: dict[str, Any]) -> str:
    if ours["verdict"] == "fails":
        return "fails"
    return "ok" if ours["checks"]["twice"].get("plain") == "ok" else "unsafe"


def _row(name: str, counts: Counter[str], psql: float, prove: float) -> str:
    told = ("files", "ok", "unsafe", "fails", "disagree", "rows", "rows fail", "crash", "replay")
    seconds = f"psql {psql:.0f} s, prove {prove:.0f} s" if prove else ""
    return f"{name:28} " + ", ".join(f"{counts[one]} {one}" for one in told) + f"  {seconds}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="prove_check", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("corpus", type=Path, help="a folder of projects")
    parser.add_argument("projects", nargs="*", help="names of folders in it; without them, all")
    parser.add_argument("--cache", type=Path, help="where psql's verdicts are kept")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
