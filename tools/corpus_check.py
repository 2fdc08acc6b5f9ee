"""Ask PostgreSQL of real migrations whether each file can run twice: ``make corpus-check CORPUS=folder [PROJECTS=names]``.

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

from corpus.oracle import FileVerdict, verdicts, version_of
from corpus.projects import projects_in

from lockstep.embedded import find

_QUOTED = re.compile(r'"[^"]*"')
_CHANGE = re.compile(r"(. [a-z ]+?) \S*[.\"(].*")
_MOST_REASONS = 10


def main() -> int:
    """Judge, keep and sum up; the exit status says only whether that was possible."""
    arguments = _arguments()
    binaries = find()
    cache: Path = arguments.cache or arguments.corpus / ".verdicts" / binaries.version
    every: list[FileVerdict] = []
    print(f"PostgreSQL {binaries.version}; verdicts in {cache}")
    print(f"{'project':32}{'files':>7}{'safe':>7}{'unsafe':>8}{'no':>6}{'seconds':>9}")
    version = version_of(binaries)
    for project in projects_in(arguments.corpus, arguments.projects, version=version):
        found = verdicts(project, cache, binaries)
        print(_row(project.name, found), flush=True)
        every += found
    print(_row("all", every))
    for word in ("unsafe", "does-not-apply"):
        print(f"\n{word}:")
        for reason, count in reasons(every, word).most_common(_MOST_REASONS):
            print(f"{count:>6}  {reason}")
    return 0


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


def _row(name: str, found: Sequence[FileVerdict]) -> str:
    words = Counter(one.verdict for one in found)
    seconds = sum(one.seconds for one in found)
    return f"{name:32}{len(found):>7}{words['safe']:>7}{words['unsafe']:>8}{words['does-not-apply']:>6}{seconds:>9.1f}"


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
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
