"""Whether a PL/pgSQL condition can tell a first run from a second: it looks at what is there, or at what such a look has found.

``IF x = 1`` says nothing of the kind unless ``x`` was filled by a query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockstep.sql.tree import Node, gathered

_LOOKS = re.compile(
    r"\bpg_(?!backend|sleep|typeof|catalog\b)\w+|information_schema|\bto_reg\w+|::\s*reg\w+|exists|\bfound\b|\bcount\s*\("
    r"|(?<!\bdistinct )\bfrom\b",
    re.IGNORECASE,
)
"""Catalogs, EXISTS (also of a function's name), FOUND, counts and whatever else is read from a table."""
_WORD = re.compile(r"[^\W\d]\w*")


def looks(condition: str, filled: frozenset[str]) -> bool:
    """True if the text of a condition looks at what is there, or at one of the variables that are *filled* so."""
    if _LOOKS.search(condition):
        return True
    return any(word.lower() in filled for word in _WORD.findall(condition))


def filled_variables(function: Node) -> frozenset[str]:
    """Return the variables of a compiled block, in lower case, that some query has filled with what it saw."""
    names = [_refname(item) for item in function.get("datums", ())]
    sources = list(_sources(function, names))
    filled: frozenset[str] = frozenset()
    while True:
        more = filled | {name for name, text in sources if looks(text, filled)}
        if more == filled:
            return filled
        filled = more


def _sources(function: Node, names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each variable with the text of an expression or query that fills it."""
    for item in function.get("datums", ()):
        for fields in item.values():
            yield fields.get("refname", "").lower(), _text(fields.get("default_val"))
    found = gathered(function.get("action", {}))
    for fields in found.get("PLpgSQL_stmt_assign", ()):
        # PostgreSQL's parser keeps the target in front of the expression.
        text = re.sub(r"^\s*[\w.\"]+(\[[^]]*\])?\s*:?=", "", _text(fields.get("expr")))
        yield _name(names, fields.get("varno", -1)), text
    for fields in found.get("PLpgSQL_stmt_execsql", ()):
        yield from ((name, _text(fields.get("sqlstmt"))) for name in _targets(fields))
    for kind in ("PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"):
        for fields in found.get(kind, ()):
            yield from ((name, "FROM") for name in _targets(fields))  # a query all the same
    for fields in found.get("PLpgSQL_stmt_fors", ()):
        yield from ((name, _text(fields.get("query"))) for name in _targets(fields))
    for fields in found.get("PLpgSQL_diag_item", ()):
        yield _name(names, fields.get("target", -1)), "FOUND"


def _targets(fields: Node) -> Iterator[str]:
    for target in (fields.get("target"), fields.get("var")):
        for inner in (target or {}).values():
            for field in inner.get("fields", ()):
                yield field.get("name", "").partition(".")[0].lower()
            yield inner.get("refname", "").lower()


def _refname(item: Node) -> str:
    for fields in item.values():
        return str(fields.get("refname") or "").lower()
    return ""


def _name(names: list[str], number: int) -> str:
    return names[number] if 0 <= number < len(names) else ""


def _text(node: Node | None) -> str:
    return str((node or {}).get("PLpgSQL_expr", {}).get("query", ""))
