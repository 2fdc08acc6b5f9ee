"""Keep secrets out of every sentence that the engine says.

Applied where messages are made (``errors``) and where connection strings are shown, so that no caller has to remember it.
"""

from __future__ import annotations

import re

_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):\S*@", re.IGNORECASE)
_KEYWORD_PASSWORD = re.compile(
    r"\b((?:ssl)?password|passwd|pwd)(\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", re.IGNORECASE
)


def redact(text: str) -> str:
    """Return *text* with the password of every URL and ``password=`` pair replaced by ``***``."""
    if "://" in text:
        text = _URL_PASSWORD.sub(r"\1:***@", text)
    return _KEYWORD_PASSWORD.sub(r"\1\2***", text)
