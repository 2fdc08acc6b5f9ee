"""DO blocks, descended into: the static statements of their PL/pgSQL, and what guards each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from lockstep.sql import library
from lockstep.sql.branches import filled_variables, looks
from lockstep.sql.parser import NotParsed, Statement, parse
from lockstep.sql.tokens import scan
from lockstep.sql.tree import Node, constant, only
from lockstep.values import dataclass

_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Inner:
    """A statement inside of a DO block.

    ``guarded`` is ``if`` under a condition that looks at what is there, ``unclear`` under another, the names of the caught conditions (``duplicate_object,duplicate_table``) under an
    exception handler, empty where it simply runs. ``line`` counts lines of the block's text from 1; ``condition`` is the text
    of the nearest IF. A statement that is put together at run time has an empty kind. ``located`` tells whether the statement's
    offset is its place in the file, as that of a static statement in a dollar-quoted body is.
    """

    statement: Statement
    guarded: str
    line: int
    condition: str
    query: str = ""
    located: bool = False


def inner_statements(statement: Statement) -> list[Inner] | None:
    """Return what a DO block runs, None if it is in another language or does not compile."""
    if any(
        item["DefElem"].get("defname") == "language"
        and item["DefElem"].get("arg", {}).get("String", {}).get("sval") != "plpgsql"
        for item in statement.tree.get("args", ())
    ):
        return None
    bodies = [item for item in statement.tree.get("args", ()) if item["DefElem"]["defname"] == "as"]
    function = _compiled(statement.text) if len(bodies) == 1 else None
    if function is None:
        return None
    starts = _lines(statement)
    found = _walk(function.get("action", {}), "", "", filled_variables(function))
    return [_located(inner, statement, starts) for inner in found]


def line_starts(statement: Statement) -> Sequence[int]:
    """Return where each line of a DO block's text begins, in characters of the file."""
    blanks = [_BLANKS.match(statement.text, start) for start in _lines(statement)]
    return [statement.offset + (found.end() if found else 0) for found in blanks]


def _lines(statement: Statement) -> list[int]:
    """Return where the lines of the body begin, in characters of the statement; the first begins behind the quote."""
    body = next((t for t in scan(statement.text) if t.text[:1] in {"$", "'", "E", "e"}), None)
    if body is None:
        return [0]
    opening = body.text.index("$", 1) + 1 if body.text.startswith("$") else body.text.index("'") + 1
    first = body.start + opening
    newlines = re.finditer("\n", statement.text[first : body.end])
    return [first, *(first + found.end() for found in newlines)]


def _located(inner: Inner, block: Statement, starts: Sequence[int]) -> Inner:
    """Return *inner* with its place in the file, where the block's text holds it letter by letter."""
    if not inner.query or not 0 < inner.line <= len(starts) or "$" not in block.text:
        return inner
    at = block.text.find(inner.query, starts[inner.line - 1])
    if at < 0:
        return inner
    statement = inner.statement._replace(offset=block.offset + at + inner.statement.offset)
    return replace(inner, statement=statement, located=True)


def _compiled(text: str) -> Node | None:
    try:
        found = library.load(library.compiled(text.encode()) or b"[]")
    except (library.Refused, ValueError):
        return None
    return dict(found[0]["PLpgSQL_function"]) if found else None


def _walk(node: Node, guarded: str, condition: str, filled: frozenset[str]) -> Iterator[Inner]:
    kind, fields = only(node)
    if kind == "PLpgSQL_stmt_block":
        caught = _caught(fields.get("exceptions"))
        yield from _sequence(fields.get("body", []), _both(guarded, caught), condition, filled)
        for handler in (
            fields.get("exceptions", {}).get("PLpgSQL_exception_block", {}).get("exc_list", ())
        ):
            steps = handler["PLpgSQL_exception"].get("action", [])
            yield from _sequence(steps, "if", condition, filled)
    elif kind == "PLpgSQL_stmt_if":
        yield from _branches(fields, guarded, filled)
    elif kind == "PLpgSQL_stmt_case":
        yield from _cases(fields, guarded, condition, filled)
    elif kind in _LOOPS:
        query = _query(fields.get("query"))
        inner = guarded or ("if" if _CATALOG.search(query) else "")
        yield from _sequence(fields.get("body", []), inner, condition or query, filled)
    elif kind in _SQL:
        yield from _sql(_query(fields.get(_SQL[kind])), guarded, fields.get("lineno", 1), condition)
    elif kind in {"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"}:
        yield from _dynamic(
            _query(fields.get("query")), guarded, fields.get("lineno", 1), condition
        )
        yield from _sequence(fields.get("body", []), guarded, condition, filled)


def _branches(fields: Node, outer: str, filled: frozenset[str]) -> Iterator[Inner]:
    """Walk IF, ELSIF and ELSE; those behind a condition are reached by what it says, too."""
    text = asked = _query(fields.get("cond"))
    yield from _sequence(fields.get("then_body", []), _guard(outer, asked, filled), text, filled)
    for branch in fields.get("elsif_list", ()):
        other = branch["PLpgSQL_if_elsif"]
        asked = f"{asked}\n{_query(other.get('cond'))}"
        yield from _sequence(other.get("stmts", []), _guard(outer, asked, filled), text, filled)
    yield from _sequence(fields.get("else_body", []), _guard(outer, asked, filled), text, filled)


def _cases(fields: Node, outer: str, condition: str, filled: frozenset[str]) -> Iterator[Inner]:
    branches = [item["PLpgSQL_case_when"] for item in fields.get("case_when_list", ())]
    asked = "\n".join(
        _query(one) for one in (fields.get("t_expr"), *(b.get("expr") for b in branches))
    )
    guarded = _guard(outer, asked, filled)
    for branch in branches:
        yield from _sequence(branch.get("stmts", []), guarded, condition, filled)
    yield from _sequence(fields.get("else_stmts", []), guarded, condition, filled)


def _guard(outer: str, asked: str, filled: frozenset[str]) -> str:
    """Return what guards the statements under a condition that stands under *outer*."""
    return "if" if outer not in {"", "unclear"} or looks(asked, filled) else "unclear"


_LOOPS = {
    "PLpgSQL_stmt_fors",
    "PLpgSQL_stmt_fori",
    "PLpgSQL_stmt_while",
    "PLpgSQL_stmt_loop",
    "PLpgSQL_stmt_foreach_a",
    "PLpgSQL_stmt_forc",
}
_SQL = {
    "PLpgSQL_stmt_execsql": "sqlstmt",
    "PLpgSQL_stmt_perform": "expr",
    "PLpgSQL_stmt_call": "expr",
}
_CATALOG = re.compile(r"\bpg_\w+|information_schema", re.IGNORECASE)


def _sequence(
    statements: Sequence[Node], guarded: str, condition: str, filled: frozenset[str]
) -> Iterator[Inner]:
    for node in statements:
        yield from _walk(node, guarded, condition, filled)
        # IF it is there already THEN RETURN: the rest runs only if it is not.
        if (
            guarded in {"", "unclear"}
            and only(node)[0] == "PLpgSQL_stmt_if"
            and "PLpgSQL_stmt_return" in str(node)
        ):
            condition = _query(only(node)[1].get("cond"))
            guarded = _guard(guarded, condition, filled)


def _both(outer: str, caught: str) -> str:
    if "if" in {outer, caught}:
        return "if"
    if outer == "unclear":
        return caught or outer
    return ",".join(part for part in (outer, caught) if part)


def _caught(block: Node | None) -> str:
    names = [
        condition["PLpgSQL_condition"].get("condname", "")
        for handler in (block or {}).get("PLpgSQL_exception_block", {}).get("exc_list", ())
        for condition in handler["PLpgSQL_exception"].get("conditions", ())
        if not _raises_again(handler["PLpgSQL_exception"])
    ]
    return ",".join(names)


def _raises_again(handler: Node) -> bool:
    """True for ``RAISE;`` and ``RAISE EXCEPTION``: such a handler tolerates nothing."""
    for item in handler.get("action", ()):
        raised = item.get("PLpgSQL_stmt_raise")
        if raised is not None and raised.get("elog_level", 21) >= 21:
            return True
    return False


def _query(node: Any) -> str:
    return str((node or {}).get("PLpgSQL_expr", {}).get("query", ""))


def _sql(query: str, guarded: str, line: int, condition: str) -> Iterator[Inner]:
    try:
        for statement in parse(query):
            yield Inner(statement, guarded, line, condition, query)
    except NotParsed:
        return


def _dynamic(query: str, guarded: str, line: int, condition: str) -> Iterator[Inner]:
    text = None
    try:
        (selected,) = parse(f"SELECT {query}")
        (target,) = selected.tree["targetList"]
        text = constant(target["ResTarget"].get("val"))
    except (NotParsed, KeyError, ValueError):
        text = None
    if text:
        yield from (replace(one, query="") for one in _sql(text, guarded, line, condition))
    else:
        yield Inner(Statement(0, query, "", {}), guarded, line, condition)
