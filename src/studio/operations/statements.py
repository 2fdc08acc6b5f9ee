"""Statements as texts: without the values that people put into them, and as the server's version understands them."""

from __future__ import annotations

import re
from collections.abc import Container

_TOKEN = re.compile(
    r"""
      (?P<kept>    "(?:[^"]|"")*"?                              # a quoted name
                 | \$\d+                                        # a parameter
      )
    | (?P<comment> --[^\n]* | /\*.*?(?:\*/|$) )
    | (?P<secret>  [eE]'(?:[^'\\]|\\.|'')*(?:'|$)               # E'it\'s'; what is cut off goes on to the end
                 | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|$)
                 | \$(?P<tag>[^\W\d]\w*|)\$.*?(?:\$(?P=tag)\$|$)
                 | (?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?\w*   # 0x1f too
      )
    | (?P<word>    [^\W\d][\w$]* )
    """,
    re.VERBOSE | re.DOTALL,
)
_CONDITION = re.compile(r"--\s*if\s+([\w.]+)\s*$")


def without_values(statement: str) -> str:
    """Return *statement* with ``?`` for every text and number in it, and without its comments."""

    def shown(found: re.Match[str]) -> str:
        if found["secret"] is not None:
            return "?"
        return " " if found["comment"] is not None else found[0]

    return " ".join(_TOKEN.sub(shown, statement).split())


def fitted(statement: str, columns: Container[str]) -> str:
    """Return *statement* without the lines for columns that are not there: ``wal_status, -- if pg_replication_slots.wal_status``."""
    lines = []
    for line in statement.splitlines():
        condition = _CONDITION.search(line)
        if condition is None:
            lines.append(line)
        elif condition[1] in columns:
            lines.append(line[: condition.start()].rstrip())
    return "\n".join(lines)
