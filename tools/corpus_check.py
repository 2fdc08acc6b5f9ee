"""Ask PostgreSQL of real migrations whether each file can run twice, and hold the analyser against it.

``make corpus-check CORPUS=folder [PROJECTS=names] [FIXED=1]``: per project how many files are safe, unsafe, or do not apply; of the
unsafe ones the share that carries an idempotence finding, of the safe ones the share that carries an error; with FIXED also what
``lockstep lint --fix`` made of the files, judged by PostgreSQL again.

Opt-in, and no part of the suite: the material is other people's and is never committed. Verdicts are kept below the corpus
folder, keyed by content, so that a second check costs nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from corpus.comparison import Comparison, FixComparison, compare, compare_fixed
from corpus.linting import copied, lint
from corpus.oracle import FileVerdict, verdicts, version_of
from corpus.projects import BEFORE, Project, projects_in

from lockstep.embedded import Binaries, find

_QUOTED = re.compile(r'"[^"]*"')
_CHANGE = re.compile(r"(. [a-z ]+?) \S*[.\"(].*")
_MOST_REASONS = 10
_FIXED = "after --fix"


def main() -> int:
    """Judge, compare, keep and sum up; the exit status says only whether that was possible."""
    arguments = _arguments()
    binaries = find()
    cache: Path = arguments.cache or arguments.corpus / ".verdicts" / binaries.version
    every: list[FileVerdict] = []
    compared: list[Comparison] = []
    fixed: list[FixComparison] = []
    print(f"PostgreSQL {binaries.version}; verdicts in {cache}")
    print(
        f"{'project':32}{'files':>7}{'safe':>7}{'unsafe':>8}{'no':>6}{'found':>8}{'alarms':>8}  {_FIXED}"
    )
    version = version_of(binaries)
    for project in projects_in(arguments.corpus, arguments.projects, version=version):
        found = verdicts(project, cache, binaries)
        every += found
        with copied(project) as folder:
            compared.append(compare(found, lint(folder)))
            if arguments.fixed:
                fixed.append(_fixed(project, folder, found, cache / "fixed", binaries))
        print(_row(project.name, found, compared[-1:], fixed[-1:]), flush=True)
    print(_row("all", every, compared, fixed))
    _tell(compared, fixed)
    for word in ("unsafe", "does-not-apply"):
        print(f"\n{word}:")
        for reason, count in reasons(every, word).most_common(_MOST_REASONS):
            print(f"{count:>6}  {reason}")
    return 0


def _fixed(
    project: Project, folder: Path, before: Sequence[FileVerdict], cache: Path, binaries: Binaries
) -> FixComparison:
    """Let lint fix the copy in *folder*, and PostgreSQL judge it again."""
    lint(folder, "--fix")
    findings = lint(folder)
    (folder / BEFORE).write_text(project.before, encoding="utf-8")
    (again,) = projects_in(folder.parent, [folder.name], version=version_of(binaries))
    return compare_fixed(before, verdicts(again, cache, binaries), findings)


def _tell(compared: Sequence[Comparison], fixed: Sequence[FixComparison]) -> None:
    told = {
        "unsafe, and nothing was found": [one for each in compared for one in each.missed],
        "safe, and called an error": [one for each in compared for one in each.false_alarms],
        "broken by --fix": [one for each in fixed for one in each.broken],
        "changed by --fix": [one for each in fixed for one in each.changed],
        "fixed, unsafe, and nothing is found": [one for each in fixed for one in each.silent],
    }
    for what, files in told.items():
        if files:
            print(f"\n{what}:")
        for one in files:
            print(f"  {one.project}/{one.file}  {one.reason[:100]}")


def reasons(found: Sequence[FileVerdict], word: str) -> Counter[str]:
    """Count the reasons for a verdict, names left out."""
    return Counter(_kind_of(one) for one in found if one.verdict == word)


def _kind_of(verdict: FileVerdict) -> str:
    if verdict.failed:
        return f"{verdict.failed.sqlstate} " + _QUOTED.sub('"..."', verdict.failed.message)[:90]
    return (
        "second run succeeds, but: "
        + ", ".join(sorted({_CHANGE.sub(r"\1", c) for c in verdict.changes}))[:90]
    )


def _row(
    name: str,
    found: Sequence[FileVerdict],
    compared: Sequence[Comparison],
    fixed: Sequence[FixComparison],
) -> str:
    words = Counter(one.verdict for one in found)
    missed, unsafe = _sums(compared, "missed", "unsafe")
    alarms, safe = _sums(compared, "false_alarms", "safe")
    row = f"{name:32}{len(found):>7}{words['safe']:>7}{words['unsafe']:>8}{words['does-not-apply']:>6}"
    row += f"{_share(unsafe - missed, unsafe):>8}{_share(alarms, safe):>8}"
    if fixed:
        files = sum(one.applied for one in fixed)
        broken, changed, left, silent = (
            sum(len(getattr(one, what)) for one in fixed)
            for what in ("broken", "changed", "unsafe", "silent")
        )
        row += f"  {files} fixed: {broken} broken, {changed} changed, {left} ({_share(left, files)}) unsafe, {silent} silent"
    return row


def _sums(compared: Sequence[Comparison], *names: str) -> tuple[int, ...]:
    return tuple(sum(len(getattr(one, name)) for one in compared) for name in names)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="corpus_check", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "corpus", type=Path, help="a folder of projects, or one project's migrations"
    )
    parser.add_argument("projects", nargs="*", help="names of folders in it; without them, all")
    parser.add_argument(
        "--cache",
        type=Path,
        help="where verdicts are kept (default: CORPUS/.verdicts/<server version>)",
    )
    parser.add_argument(
        "--fixed", action="store_true", help="let PostgreSQL also judge what lint --fix makes"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
