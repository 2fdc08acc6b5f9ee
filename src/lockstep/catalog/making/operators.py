"""Operators and casts."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, Path, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.texts import name_of
from lockstep.sql.objects import literal, quoted

_BUILT = "what is built on it"
_CONTEXTS = {"assignment": "a", "implicit": "i"}
_METHODS = {"inout": "i", "binary": "b"}
_WORDS = {"assignment": "AS ASSIGNMENT", "implicit": "AS IMPLICIT"}
_FUNCTIONS = {"function": "oprcode", "restrict": "oprrest", "join": "oprjoin"}


def operator_name(path: Path) -> str:
    """Return an operator's name with its schema: the symbol itself is never quoted."""
    return f"{quoted(path[0])}.{path[1]}"


def operator(path: Path) -> str:
    """Return what finds an operator in ``pg_operator``."""
    left, right = path[2].split(", ", 1) if path[2].startswith("NONE") else _operands(path[2])
    return (
        f"oprnamespace = {guards.schema(path[0])} AND oprname = {literal(path[1])}"
        f" AND {_operand('oprleft', left)} AND {_operand('oprright', right)}"
    )


def _operands(text: str) -> tuple[str, str]:
    # No name of a type has a comma and a space outside of quotes.
    depth = False
    for place, character in enumerate(text):
        if character == '"':
            depth = not depth
        elif character == "," and not depth:
            return text[:place], text[place + 2 :]
    return text, "NONE"


def _operand(column: str, type_: str) -> str:
    return (
        f"{column} = 0"
        if type_ == "NONE"
        else f"pg_catalog.format_type({column}, NULL) = {literal(type_)}"
    )


def create_operator(fact: Fact, expected: Index) -> list[Step]:
    """Make an operator; its partners become known when they are made, or are announced by it."""
    if "function" not in fact.body:
        return []  # only announced: by the one that names it as its partner
    guard = guards.missing("pg_operator", operator(fact.path), "oprcode <> 0")
    return [
        Step(
            fact, f"CREATE OPERATOR {operator_name(fact.path)} ({', '.join(_options(fact))})", guard
        )
    ]


def _options(fact: Fact) -> Iterator[str]:
    body = fact.body
    yield f"FUNCTION = {name_of(body['function'])}"
    for key in ("left", "right"):
        if key in body:
            yield f"{key.upper()}ARG = {body[key]}"
    for key in ("commutator", "negator"):
        if key in body:
            yield f"{key.upper()} = OPERATOR({operator_name(undotted(body[key]))})"
    for key in ("restrict", "join"):
        if key in body:
            yield f"{key.upper()} = {name_of(body[key])}"
    for key in ("hashes", "merges"):
        if body.get(key):
            yield key.upper()


def change_operator(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Drop an operator and make it anew."""
    wanted = difference.expected
    assert wanted is not None
    same = [
        f"(oprcanhash, oprcanmerge) = ({str(bool(wanted.body.get('hashes'))).lower()}, {str(bool(wanted.body.get('merges'))).lower()})",
        *(same_function(wanted.body.get(key), column) for key, column in _FUNCTIONS.items()),
        *(
            _same_partner(wanted.body.get(key), column)
            for key, column in (("commutator", "oprcom"), ("negator", "oprnegate"))
        ),
    ]
    guard = guards.exists("pg_operator", operator(wanted.path), guards.not_all(same))
    return [_without_operator(wanted, guard), *create_operator(wanted, expected)]


def same_function(name: str | None, expression: str) -> str:
    """Return the condition that an attribute names this function, or none."""
    if name is None:
        return f"{expression} = 0"
    schema, function = undotted(name)
    return (
        f"EXISTS (SELECT FROM pg_catalog.pg_proc AS f WHERE f.oid = {expression} AND f.proname = {literal(function)}"
        f" AND f.pronamespace = {guards.schema(schema)})"
    )


def _same_partner(name: str | None, column: str) -> str:
    if name is None:
        return f"{column} = 0"
    schema, symbol, _ = undotted(name)
    return (
        f"EXISTS (SELECT FROM pg_catalog.pg_operator AS x WHERE x.oid = pg_operator.{column} AND x.oprname = {literal(symbol)}"
        f" AND x.oprnamespace = {guards.schema(schema)})"
    )


def drop_operator(fact: Fact) -> list[Step]:
    """Drop an operator."""
    return [_without_operator(fact, guards.exists("pg_operator", operator(fact.path)))]


def _without_operator(fact: Fact, guard: str) -> Step:
    return Step(
        fact, f"DROP OPERATOR {operator_name(fact.path)} ({fact.path[2]})", guard, loses=_BUILT
    )


def cast(path: Path) -> str:
    """Return what finds a cast in ``pg_cast``."""
    source, target = path
    return f"castsource = pg_catalog.to_regtype({literal(source)}) AND casttarget = pg_catalog.to_regtype({literal(target)})"


def create_cast(fact: Fact, expected: Index) -> list[Step]:
    """Make a cast."""
    body = fact.body
    how = {"inout": "WITH INOUT", "binary": "WITHOUT FUNCTION"}.get(body.get("method", ""))
    if how is None:
        schema, name, types = undotted(body["function"])
        how = f"WITH FUNCTION {quoted(schema)}.{quoted(name)}({types})"
    when = f" {_WORDS[body['context']]}" if "context" in body else ""
    action = f"CREATE CAST ({fact.path[0]} AS {fact.path[1]}) {how}{when}"
    return [Step(fact, action, guards.missing("pg_cast", cast(fact.path)))]


def change_cast(difference: Difference, expected: Index, live: Index) -> list[Step] | Unchangeable:
    """Drop a cast and make it anew."""
    wanted = difference.expected
    assert wanted is not None
    body = wanted.body
    function = body.get("function")
    same = [
        f"castcontext = '{_CONTEXTS.get(body.get('context', ''), 'e')}'",
        f"castmethod = '{_METHODS.get(body.get('method', ''), 'f')}'",
        guards.exists("pg_proc", f"pg_proc.oid = castfunc AND {guards.routine(undotted(function))}")
        if function
        else "castfunc = 0",
    ]
    guard = guards.exists("pg_cast", cast(wanted.path), guards.not_all(same))
    return [_without_cast(wanted, guard), *create_cast(wanted, expected)]


def drop_cast(fact: Fact) -> list[Step]:
    """Drop a cast."""
    return [_without_cast(fact, guards.exists("pg_cast", cast(fact.path)))]


def _without_cast(fact: Fact, guard: str) -> Step:
    return Step(fact, f"DROP CAST ({fact.path[0]} AS {fact.path[1]})", guard, loses=_BUILT)
