"""The line by which a file says that Lockstep wrote it, with a hash that tells whether somebody has edited it since.

No seal against anybody: who wants to can make one. It keeps what people wrote from being overwritten, and what Lockstep wrote
from being judged by a history that it was written to do without.
"""

from __future__ import annotations

import hashlib
import re
from typing import Literal

Kind = Literal["repair", "repair seeds"]

_STAMP = re.compile(
    r"^-- Written by lockstep (repair|repair seeds) 1, sha256:([0-9a-f]{64})$\n", re.MULTILINE
)


def stamped(kind: Kind, header: str, rest: str) -> str:
    """Return *header* and *rest* with the line between them."""
    return f"{header}-- Written by lockstep {kind} 1, sha256:{_hash(header + rest)}\n{rest}"


def written_as(text: str) -> Kind | None:
    """Return what *text* was written as; None if it has no such line, or was edited since."""
    if "-- Written by lockstep" not in text:
        return None
    text = text.replace("\r\n", "\n")
    stamp = _STAMP.search(text)
    if stamp is None or stamp[2] != _hash(text[: stamp.start()] + text[stamp.end() :]):
        return None
    return "repair" if stamp[1] == "repair" else "repair seeds"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
