"""A proof as GitHub's workflow commands: each file that is not proven becomes an annotation of the line that shows it."""

from __future__ import annotations

from pathlib import Path

from lockstep.prove.verdicts import Proof

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(proof: Proof) -> str:
    """Return one command for every check that is not good."""
    lines = []
    for one in proof.files:
        for name, check in one.checks.items():
            if check.good:
                continue
            shown = _escaped(_shown(one.subject.path))
            title = _escaped(f"lockstep prove: {name}")
            place = f",line={check.line}" if check.line else ""
            lines.append(
                f"::error file={shown}{place},title={title}::{check.reason.translate(_DATA)}"
            )
    for name, check in proof.history.items():
        if not check.good:
            title = _escaped(f"lockstep prove: {name}")
            lines.append(f"::error title={title}::{check.reason.translate(_DATA)}")
    return "".join(f"{line}\n" for line in lines)


def _shown(path: Path) -> str:
    place, working = path.absolute(), Path.cwd()
    return place.relative_to(working).as_posix() if place.is_relative_to(working) else str(path)


def _escaped(text: str) -> str:
    return text.translate(_PROPERTY)
