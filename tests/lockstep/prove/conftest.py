"""Proofs on the server of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lockstep.prove.ground import Ground, proving_ground
from lockstep.prove.prover import Prover, Wanted
from lockstep.prove.subjects import read_subjects
from lockstep.prove.verdicts import Proof
from lockstep.settings import resolve
from lockstep.testing import Server

EXAMPLES = Path(__file__).parent / "examples"
Prove = Callable[..., Proof]


@pytest.fixture
def ground(cluster: Server, tmp_path: Path) -> Iterator[Ground]:
    """A ground on the server of the run."""
    settings = resolve(flags={}, environ={}, root=tmp_path, offline=True)
    with proving_ground(settings, cluster.conninfo()) as ground:
        yield ground


@pytest.fixture
def prove(ground: Ground, tmp_path: Path) -> Prove:
    """Prove an example by its name, or files by name and text; ``wanted`` as keywords."""

    def prove(example: str = "", files: dict[str, str] | None = None, **wanted: object) -> Proof:
        folder = EXAMPLES / example if example else tmp_path / "files"
        for name, text in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return Prover(ground, read_subjects(folder), Wanted(**wanted)).prove()  # type: ignore[arg-type]

    return prove
