"""Pieces of statements: options, literals, quoted bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lockstep.catalog.fact import undotted
from lockstep.sql.objects import literal, qualified, quoted

_ARRAY = re.compile(r"(?:\[\])+\Z")


def name_of(dotted_name: str) -> str:
    """Return the SQL of a name that a body refers to."""
    return qualified(*undotted(dotted_name))


def names(columns: Iterable[str]) -> str:
    """Return a list of names in parentheses."""
    return f"({', '.join(map(quoted, columns))})"


def option_pairs(options: Iterable[str] | None) -> dict[str, str]:
    """Split options as the catalogs hold them: ``fillfactor=70``."""
    return dict([option.partition("=")[::2] for option in options or ()])


def with_options(options: Sequence[str] | None) -> str:
    """Return a WITH clause, with a space before it; empty without options."""
    return f" WITH ({set_list(option_pairs(options))})" if options else ""


def set_list(options: dict[str, str]) -> str:
    """Return options as SET and WITH take them."""
    return ", ".join(f"{option_name(name)} = {literal(value)}" for name, value in options.items())


def option_name(name: str) -> str:
    """Return an option's name, in which a dot parts the namespace."""
    return ".".join(map(quoted, name.split(".")))


def foreign_list(options: dict[str, str], verb: str = "") -> str:
    """Return options as a foreign table takes them."""
    return ", ".join(f"{verb}{quoted(name)} {literal(value)}" for name, value in options.items())


def array(values: Iterable[str], type_: str = "text") -> str:
    """Return an array of strings."""
    return f"ARRAY[{', '.join(map(literal, values))}]::pg_catalog.{type_}[]"


def dollar_quoted(text: str) -> str:
    """Return a long text as an SQL string that can be read."""
    tag = "$body$"
    number = 0
    while tag[:-1] in text:
        number += 1
        tag = f"$body{number}$"
    return f"{tag}{text}{tag}"


def same_text(expression: str, text: str) -> str:
    """Return the condition that two texts are the same; a long one is compared by its hash, so that it stands there once."""
    if len(text) <= 200:
        return f"{expression} = {literal(text)}"
    import hashlib

    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to({expression}, 'UTF8')), 'hex') = '{digest}'"
