"""Whether an expression gives another value for each row: then a column's default writes every row of the table."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from lockstep.sql.parser import NotParsed, parse
from lockstep.sql.state import State
from lockstep.sql.tree import Node, strings, walk

_DEEPEST = 5


@functools.cache
def nonvolatile() -> frozenset[str]:
    """Return the names of PostgreSQL's own functions that are stable or immutable (``tools/list_nonvolatile.py``)."""
    file = Path(__file__).with_name("nonvolatile.txt")
    return frozenset(file.read_text(encoding="utf-8").split())


def volatile_call(expression: Node | None, state: State, depth: int = 0) -> str:
    """Return the name of a function in *expression* that is, or may be, volatile; empty if there is none.

    A function that neither PostgreSQL nor the history defines may be: that is what CREATE FUNCTION makes of it unless told
    otherwise. One in SQL is judged by its body, because the planner puts that in its place.
    """
    for kind, fields in walk({"": expression}):
        if kind == "FuncCall":
            name = strings(fields.get("funcname"))
            if _volatile(name, state, depth):
                return ".".join(name)
    return ""


def _volatile(name: tuple[str, ...], state: State, depth: int) -> bool:
    key = state.key("function", name, "")
    known = [thing for _, thing in state.parts(("function name", *key[1:3]))]
    if known and name[0] != "pg_catalog":
        return any(_volatile_function(thing.definition, state, depth) for thing in known)
    if state.thing(("type", *key[1:3])) is not None:
        return False  # mood('ok') is a cast
    return name[-1] not in nonvolatile() or (len(name) > 1 and name[0] != "pg_catalog")


def _volatile_function(definition: Any, state: State, depth: int) -> bool:
    options = {
        o["DefElem"]["defname"]: o["DefElem"].get("arg", {})
        for o in (definition or {}).get("options", ())
    }
    declared = options.get("volatility", {}).get("String", {}).get("sval", "volatile")
    if declared != "volatile":
        return False
    language = options.get("language", {}).get("String", {}).get("sval", "")
    body = strings(options.get("as", {}).get("List", {}).get("items", ()))
    if (
        language.lower() != "sql"
        or not body
        or "security" in options
        or "set" in options
        or depth > _DEEPEST
    ):
        return True
    return not _inlined(body[0], state, depth)


def _inlined(body: str, state: State, depth: int) -> bool:
    """True if a function's body is a single expression without volatile calls."""
    try:
        statements = parse(body)
    except NotParsed:
        return False
    if len(statements) != 1 or statements[0].kind != "SelectStmt":
        return False
    tree = statements[0].tree
    return (
        len(tree.get("targetList", ())) == 1
        and "fromClause" not in tree
        and not volatile_call(tree["targetList"][0], state, depth + 1)
    )
