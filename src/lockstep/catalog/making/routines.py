"""Functions, procedures and aggregates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.operators import same_function
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.texts import dollar_quoted, name_of, option_name, same_text
from lockstep.sql.objects import literal, qualified

_LISTS = {"search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries",
          "shared_preload_libraries", "unix_socket_directories"}  # fmt: skip
_ELEMENT = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(?:,|\Z)')
_REPLACED = "the grants on it, and what calls it, while it is made anew"
_DEFAULT = re.compile(r"\s(?:DEFAULT|=)\s")


def create_routine(fact: Fact, expected: Index) -> list[Step]:
    """Make a function or a procedure."""
    return [
        Step(
            fact,
            f"CREATE {routine_definition(fact)}",
            guards.missing("pg_proc", guards.routine(fact.path)),
        )
    ]


def routine_definition(fact: Fact) -> str:
    """Return all that stands behind CREATE or CREATE OR REPLACE."""
    body = fact.body
    head = f"{fact.kind.upper()} {qualified(*fact.path[:2])}({body.get('arguments', '')})"
    parts = [
        head,
        *([f"RETURNS {body['returns']}"] if body.get("returns") else []),
        *_attributes(fact),
    ]
    if "sql_body" in body:
        parts.append(body["sql_body"])
    elif "library" in body:
        parts.append(f"AS {literal(body['library'])}, {literal(body['body'])}")
    else:
        parts.append(f"AS {dollar_quoted(body.get('body', ''))}")
    return "\n".join(parts)


def _attributes(fact: Fact) -> Iterator[str]:
    body = fact.body
    yield f"LANGUAGE {qualified(body['language'])}"
    if "transforms" in body:
        yield "TRANSFORM " + ", ".join(f"FOR TYPE {type_}" for type_ in body["transforms"])
    if "volatility" in body:
        yield str(body["volatility"]).upper()
    for key, words in _FLAGS.items():
        if body.get(key):
            yield words
    for key in ("parallel", "cost", "rows"):
        if key in body:
            yield f"{key.upper()} {str(body[key]).upper()}"
    if "support" in body:
        yield f"SUPPORT {_support(body['support'])}"
    for setting in body.get("config", []):
        yield setting_of(setting)


_FLAGS = {
    "window": "WINDOW",
    "leakproof": "LEAKPROOF",
    "strict": "STRICT",
    "security_definer": "SECURITY DEFINER",
}


def _support(name: str) -> str:
    return name if "." in name else f"pg_catalog.{name}"


def setting_of(setting: str) -> str:
    """Return the SET clause of a setting as ``proconfig`` holds it; some values are lists of names."""
    name, _, value = setting.partition("=")
    if name.lower() in _LISTS:
        values = [
            m[2] if m[1] is None else m[1].replace('""', '"') for m in _ELEMENT.finditer(value)
        ]
        listed = (
            values[:-1]
            if value and len(values) > 1 and not value.rstrip().endswith(",")
            else values
        )
        return f"SET {option_name(name)} TO {', '.join(map(literal, listed)) or literal('')}"
    return f"SET {option_name(name)} TO {literal(value)}"


def same_routine(fact: Fact, *, signature: bool = False) -> str:
    """Return the condition, on ``pg_proc``, that a routine is what the fact says; *signature*: only what OR REPLACE cannot change."""
    body = fact.body
    kind = "p" if fact.kind == "procedure" else "w" if body.get("window") else "f"
    found = [f"prokind = '{kind}'", _same_arguments(fact)]
    if body.get("returns"):
        found.append(same_text("pg_catalog.pg_get_function_result(pg_proc.oid)", body["returns"]))
    if signature:
        return " AND ".join(found)
    if "sql_body" in body:
        found.append(same_text("pg_catalog.pg_get_function_sqlbody(pg_proc.oid)", body["sql_body"]))
    else:
        found.append(same_text("prosrc", body.get("body", "")))
    if "library" in body:
        found.append(f"probin = {literal(body['library'])}")
    found += _same_attributes(fact)
    return " AND ".join(found)


def _same_arguments(fact: Fact) -> str:
    shown, text = (
        "pg_catalog.pg_get_function_arguments(pg_proc.oid)",
        fact.body.get("arguments", ""),
    )
    same = same_text(shown, text)
    # Before PostgreSQL 14 the IN of a procedure's arguments is not shown.
    plain = ", ".join(argument.removeprefix("IN ") for argument in top_level(text))
    return (
        same
        if fact.kind != "procedure" or plain == text
        else f"({same} OR {same_text(shown, plain)})"
    )


def _same_attributes(fact: Fact) -> Iterator[str]:
    body = fact.body
    internal = body["language"] in {"c", "internal"}
    volatility = {"immutable": "i", "stable": "s"}.get(body.get("volatility", ""), "v")
    parallel = {"safe": "s", "restricted": "r"}.get(body.get("parallel", ""), "u")
    flags = ", ".join(
        str(bool(body.get(key))).lower() for key in ("leakproof", "strict", "security_definer")
    )
    yield f"(SELECT l.lanname FROM pg_catalog.pg_language AS l WHERE l.oid = prolang) = {literal(body['language'])}"
    yield f"(provolatile, proparallel) = ('{volatility}', '{parallel}')"
    yield f"(proleakproof, proisstrict, prosecdef) = ({flags})"
    yield f"procost = {body.get('cost', 1 if internal else 100)}"
    rows = body.get("rows", 1000)
    yield f"(NOT proretset OR prorows = {rows})"
    yield guards.same_options("proconfig", body.get("config"))


def change_routine(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Replace a routine where PostgreSQL allows it; else drop it and make it anew."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    differs = guards.exists(
        "pg_proc", guards.routine(wanted.path), guards.not_all([same_routine(wanted)])
    )
    if replaceable(wanted, found):
        return [Step(wanted, f"CREATE OR REPLACE {routine_definition(wanted)}", differs)]
    other = guards.exists(
        "pg_proc",
        guards.routine(wanted.path),
        guards.not_all([same_routine(wanted, signature=True)]),
    )
    return [_dropped(wanted, other), *create_routine(wanted, expected),
            Step(wanted, f"CREATE OR REPLACE {routine_definition(wanted)}", differs)]  # fmt: skip


def replaceable(wanted: Fact, found: Fact) -> bool:
    """True if CREATE OR REPLACE can make the one of the other: same result, same names, and no default less."""
    if wanted.body.get("returns") != found.body.get("returns") or wanted.body.get(
        "window"
    ) != found.body.get("window"):
        return False
    new, old = arguments_of(wanted), arguments_of(found)
    return len(new) == len(old) and all(
        one == other and (with_default or not had_default)
        for (one, with_default), (other, had_default) in zip(new, old, strict=True)
    )


def arguments_of(fact: Fact) -> list[tuple[str, bool]]:
    """Return a routine's arguments, each without its default, and whether it has one."""
    found = []
    for argument in top_level(fact.body.get("arguments", "")):
        declared, *default = _DEFAULT.split(argument, maxsplit=1)
        found.append((declared, bool(default)))
    return found


def top_level(text: str) -> list[str]:
    """Split a list at the commas that stand outside of parentheses, brackets and quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and not depth:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()] if text.strip() else []


_LETTERS = {"function": "'f', 'w'", "procedure": "'p'", "aggregate": "'a'"}


def drop_routine(fact: Fact) -> list[Step]:
    """Drop a function, a procedure or an aggregate."""
    kind = f"prokind IN ({_LETTERS[fact.kind]})"
    return [_dropped(fact, guards.exists("pg_proc", guards.routine(fact.path), kind))]


def signature(fact_path: tuple[str, ...]) -> str:
    """Return a routine's name with the types of its input."""
    return f"{qualified(*fact_path[:2])}({fact_path[2]})"


def _dropped(fact: Fact, guard: str) -> Step:
    # DROP ROUTINE takes an ordered-set aggregate by its plain list of types, which DROP AGGREGATE does not.
    return Step(fact, f"DROP ROUTINE {signature(fact.path)}", guard, loses=_REPLACED)


def create_aggregate(fact: Fact, expected: Index) -> list[Step]:
    """Make an aggregate."""
    return [
        Step(
            fact, f"CREATE {_aggregate(fact)}", guards.missing("pg_proc", guards.routine(fact.path))
        )
    ]


def _aggregate(fact: Fact) -> str:
    options = ", ".join(
        f"{name} = {value}" if value else name for name, value in _aggregate_options(fact)
    )
    return f"AGGREGATE {qualified(*fact.path[:2])}({fact.body['arguments'] or '*'}) ({options})"


def _aggregate_options(fact: Fact) -> Iterator[tuple[str, str]]:
    body = fact.body
    for key, name in _OPTIONS.items():
        if key not in body:
            continue
        value: Any = body[key]
        if key in {"initial", "moving_initial"}:
            yield name, literal(value)
        elif key in {"type", "moving_type", "space", "moving_space"}:
            yield name, str(value)
        elif key in {"final_extra", "moving_final_extra"}:
            yield name, ""
        elif key in {"final_modify", "moving_final_modify"}:
            yield name, {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}[value]
        elif key == "parallel":
            yield name, value.upper()
        elif key == "sort_operator":
            yield name, _operator(value)
        else:
            yield name, name_of(value)
    if body.get("kind") == "hypothetical":
        yield "HYPOTHETICAL", ""


def _operator(name: str) -> str:
    schema, operator = _split_operator(name)
    return f"OPERATOR({qualified(schema)}.{operator})"


def _split_operator(name: str) -> tuple[str, str]:
    if name.startswith('"'):
        end = re.match(r'"(?:[^"]|"")*"', name)
        assert end is not None
        return undotted(end[0])[0], name[end.end() + 1 :]
    schema, _, operator = name.partition(".")
    return schema, operator


_OPTIONS = {
    "transition": "SFUNC",
    "type": "STYPE",
    "space": "SSPACE",
    "final": "FINALFUNC",
    "final_extra": "FINALFUNC_EXTRA",
    "final_modify": "FINALFUNC_MODIFY",
    "combine": "COMBINEFUNC",
    "serial": "SERIALFUNC",
    "deserial": "DESERIALFUNC",
    "initial": "INITCOND",
    "moving_transition": "MSFUNC",
    "moving_inverse": "MINVFUNC",
    "moving_type": "MSTYPE",
    "moving_space": "MSSPACE",
    "moving_final": "MFINALFUNC",
    "moving_final_extra": "MFINALFUNC_EXTRA",
    "moving_final_modify": "MFINALFUNC_MODIFY",
    "moving_initial": "MINITCOND",
    "sort_operator": "SORTOP",
    "parallel": "PARALLEL",
}


def change_aggregate(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Drop an aggregate and make it anew: it holds nothing."""
    wanted = difference.expected
    assert wanted is not None
    differs = guards.exists(
        "pg_proc", guards.routine(wanted.path), guards.not_all([same_aggregate(wanted)])
    )
    return [_dropped(wanted, differs), *create_aggregate(wanted, expected)]


def same_aggregate(fact: Fact) -> str:
    """Return the condition, on ``pg_proc``, that an aggregate is what the fact says."""
    body = fact.body
    parallel = {"safe": "s", "restricted": "r"}.get(body.get("parallel", ""), "u")
    found = [
        f"pg_catalog.format_type(g.aggtranstype, NULL) = {literal(body['type'])}",
        _same(literal(body["initial"]) if "initial" in body else "NULL", "g.agginitval"),
        _same(
            literal(body["moving_initial"]) if "moving_initial" in body else "NULL", "g.aggminitval"
        ),
        f"(g.aggfinalextra, g.aggmfinalextra) = ({bool(body.get('final_extra'))}, {bool(body.get('moving_final_extra'))})",
        f"(g.aggtransspace, g.aggmtransspace) = ({body.get('space', 0)}, {body.get('moving_space', 0)})",
        *(same_function(body.get(key), f"g.{attribute}") for key, attribute in _FUNCTIONS.items()),
    ]
    row = f"EXISTS (SELECT FROM pg_catalog.pg_aggregate AS g WHERE g.aggfnoid = pg_proc.oid AND {' AND '.join(found)})"
    arguments = same_text(
        "pg_catalog.pg_get_function_arguments(pg_proc.oid)", body["arguments"] or ""
    )
    return f"prokind = 'a' AND proparallel = '{parallel}' AND {arguments} AND {row}"


def _same(value: str, expression: str) -> str:
    return f"{expression} IS NOT DISTINCT FROM {value}"


_FUNCTIONS = {
    "transition": "aggtransfn",
    "final": "aggfinalfn",
    "combine": "aggcombinefn",
    "serial": "aggserialfn",
    "deserial": "aggdeserialfn",
    "moving_transition": "aggmtransfn",
    "moving_inverse": "aggminvtransfn",
    "moving_final": "aggmfinalfn",
}
