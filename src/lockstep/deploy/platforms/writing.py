"""Write files where nothing is lost: one that is there and says something else stays, unless it is said that it may go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from lockstep.deploy.platforms.rendering import Rendered
from lockstep.errors import ConfigurationWrong, Place, Problem

State = Literal["new", "unchanged", "differs"]


def compare(root: Path, files: Iterable[Rendered]) -> list[tuple[Rendered, State]]:
    """Return each file with how it stands to what is in the folder *root*."""
    return [(file, _state(root / file.path, file.text)) for file in files]


def write(root: Path, compared: Sequence[tuple[Rendered, State]], *, force: bool) -> None:
    """Write what is new, and with *force* what differs; without it such a file keeps everything from being written."""
    kept = [file.path for file, state in compared if state == "differs"]
    if kept and not force:
        raise ConfigurationWrong(
            f"{len(kept)} file{'s are' if len(kept) > 1 else ' is'} there already and say{'s' * (len(kept) == 1)} something else; nothing was written",
            problems=[Problem("differs from what would be written", Place(path)) for path in kept],
            next_step="See what would be written with --dry-run; --force writes over them.",
        )
    for file, state in compared:
        if state != "unchanged":
            path = root / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8", newline="")


def _state(path: Path, text: str) -> State:
    if path.is_symlink() or path.exists():
        try:
            return "unchanged" if path.read_bytes() == text.encode() else "differs"
        except OSError:
            return "differs"
    return "new"
