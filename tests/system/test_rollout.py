"""`make rollout`: what it counts as an error, the chain as it is told, and its shortest stretch run for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ROOT / "tools" / "rollout" / "releases"


@pytest.fixture
def rollout(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tool's own modules, importable."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import rollout.__main__
    import rollout.chain
    import rollout.hosting
    import rollout.story
    import rollout.tally

    return rollout


def test_what_clients_see_is_counted(rollout: Any) -> None:
    """A gap is the longest time without a success, also at the ends; an orderly close is no error, everything else is."""
    tally = rollout.tally.Tally(begun=100.0)
    tally.succeeded(100.5, took=0.1)
    tally.succeeded(101.5, took=0.2)
    tally.note_silence(104.0)
    assert (tally.gap, tally.slowest) == (2.5, 0.2)
    tally.closed.update({1012: 3, 1001: 1})
    assert tally.errors == 0
    tally.closed[1006] += 1
    tally.failed["502"] += 2
    tally.refused["503"] += 4
    tally.missed = 8
    assert tally.errors == 15


def test_the_chain_is_ten_releases_of_files_that_are_there(rollout: Any) -> None:
    """Numbered in order, the migrations numbered on from the studio's, each folder used."""
    chain = rollout.chain.CHAIN
    numbers = [int(release.title.split()[0]) for release in chain]
    assert sorted(set(numbers)) == list(range(1, 11)) == sorted({*numbers})
    assert numbers == sorted(numbers)
    used = {name for release in (rollout.chain.FIRST, *chain) for name in release.folders}
    assert used | {"08-put-back"} == {path.name for path in FOLDERS.iterdir()}
    newest = max(int(path.name[:4]) for path in (ROOT / "src/studio/migrations").glob("*.sql"))
    added = sorted({int(path.name[:4]) for path in FOLDERS.rglob("*.sql")})
    assert added == list(range(newest + 1, newest + 1 + len(added)))


def test_the_platform_shows_why_a_boot_failed(rollout: Any, tmp_path: Path) -> None:
    """Of a boot of ours the error with its next step, of any other the last lines."""
    log = tmp_path / "replica.log"
    draft = rollout.hosting.Replica(0, 1, 2, "0123456789abcdef", str(log))
    error = {"code": "LS605", "error": "SchemaDrifted", "what": "it is not", "where": "", "why": "", "next": "lockstep repair",
             "problems": [{"what": "column a.b"}]}  # fmt: skip
    log.write_text("noise\n" + json.dumps({"event": "BootFailed", "error": error}), "utf-8")
    assert rollout.hosting._why(draft, "ended with status 79", tmp_path).splitlines() == [
        "replica 0 of 0123456789ab: ended with status 79. It said:",
        "LS605 SchemaDrifted: it is not",
        "  - column a.b",
        "next: lockstep repair",
    ]
    log.write_text("\n".join(f"line {n}" for n in range(40)), "utf-8")
    assert "line 39" in rollout.hosting._why(draft, "ended with status 3", tmp_path)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_deploy_beside_reports_shows_clients_no_error(tmp_path: Path) -> None:
    """The first boot of three replicas at once, and the first release of the chain, hold to the end."""
    done = subprocess.run(
        [sys.executable, "-m", "rollout", "--boot", "lockstep", "--until", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tools")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"✓ 1 a new column, .* live .* 0 .* x 1012", done.stdout)
    assert "lockstep: 2 of 2 releases as wanted; 0 of" in done.stdout
