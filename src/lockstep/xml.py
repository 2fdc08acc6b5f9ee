"""Text as XML holds it: in an attribute, or between tags; what no XML can hold becomes a replacement character.

The standard library's own function for this is beside one that imports an HTTP client.
"""

from __future__ import annotations

import re

_ENTITIES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)
_NOT_IN_XML = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # 6 ms to compile, so not before it is needed


def attribute(text: str) -> str:
    """Return *text* as the value of an attribute, in its quotes."""
    return f'"{_valid(text).translate(_ENTITIES)}"'


def content(text: str) -> str:
    """Return *text* as it stands between two tags, without space at its end."""
    return _valid(text).rstrip().translate(_ENTITIES).replace("&#10;", "\n")


def _valid(text: str) -> str:
    return re.sub(_NOT_IN_XML, "\N{REPLACEMENT CHARACTER}", text)
