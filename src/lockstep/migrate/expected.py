"""``schema.lock`` as shipped: read with the files, understood only where the live schema has to be held against it."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep.errors import ConfigurationWrong
from lockstep.values import dataclass

if TYPE_CHECKING:
    from lockstep.catalog.snapshot import Snapshot


@dataclass(frozen=True)
class Expected:
    """The lock file of a release; ``digest`` is the SHA-256 of its bytes."""

    file: Path
    digest: str

    @cached_property
    def snapshot(self) -> Snapshot:
        """What it says; raises ``ConfigurationWrong`` if it was merged or edited by hand."""
        from lockstep.catalog.schema_lock import read_lock

        return read_lock(self.file)

    def refuse_unreadable(self) -> None:
        """Raise what ``snapshot`` would raise: before anything is changed, not after it."""
        _ = self.snapshot

    def line_of(self, line: str) -> int:
        """Return where *line* stands in the file, from 1 on; 0 if it does not."""
        lines = self.snapshot.lines
        return lines.index(line) + 2 if line in lines else 0


def read_expected(file: Path) -> Expected | None:
    """Read a lock file, or return None where there is none; raises ``ConfigurationWrong`` if it cannot be read."""
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationWrong(
            f"{file} cannot be read: {error.strerror}",
            next_step="It is named by the setting schema_lock: it must be a file that this user may read.",
        ) from error
    return Expected(file, hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest())
