"""Keep secrets out of commands and of what they print: passwords, and the tokens that remotes hold in place of a user."""

from __future__ import annotations

import re

from lockstep.redaction import redact

_TOKEN = r"(?i)\b(https?://)[^\s/@:]+@"  # noqa: S105  # a pattern
_VARIABLE = r"(?i)\b(\w*(?:token|secret|api_?key)\w*=)\S+"


def concealed(text: str) -> str:
    """Return *text* without passwords, without the user of web addresses, and without values of variables named for secrets."""
    text = redact(text)
    if "://" in text:
        text = re.sub(_TOKEN, r"\1***@", text)
    return re.sub(_VARIABLE, r"\1***", text) if "=" in text else text
