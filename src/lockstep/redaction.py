"""Keep secrets out of every sentence that the engine says.

Applied where messages are made (``errors``) and where connection strings are shown, so that no caller has to remember it.
"""

from __future__ import annotations

import re

_IN_URL = r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):\S*@"
_IN_PAIR = r"(?i)\b((?:ssl|pg)?password|passwd|pwd)(\s*=\s*)('(?:[^'\\]|\\.)*'|(?:\\.|\S)+)"
# In SQL: PASSWORD 'secret', also where the text was cut off. (re compiles all three when they are first needed: seldom.)
_SQL_LITERAL = r"(?is)\b(password\s+)(?:E'(?:[^'\\]|\\.|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|\$(\w*)\$.*?(?:\$\2\$|$))"


def redact(text: str) -> str:
    """Return *text* with the password of every URL, ``password=`` pair and ``PASSWORD '...'`` replaced by ``***``."""
    if "://" in text:
        text = re.sub(_IN_URL, r"\1:***@", text)
    if "=" in text:
        text = re.sub(_IN_PAIR, r"\1\2***", text)
    return re.sub(_SQL_LITERAL, r"\1***", text) if "password" in text.lower() else text
