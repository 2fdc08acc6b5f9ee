"""``pg_dump`` as the second observer: the statements of a schema, as far as their order and that of columns is left aside."""

from __future__ import annotations

import re
import subprocess
from collections import Counter

from lockstep.embedded import Binaries
from pairs.bench import statements_of

_NO_STATEMENT = re.compile(r"SET |SELECT pg_catalog\.set_config")
_BODY = re.compile(r"(CREATE (?:UNLOGGED |FOREIGN )*TABLE [^(]*\(\n)(.*)(\n\).*)", re.DOTALL)
# PostgreSQL 18 names what was never named, after what table and column were called then.
_NAMED_BY_THE_SERVER = re.compile(
    r'CONSTRAINT ("(?:[^"]|"")*_not_null\d*"|\S*_not_null\d*) NOT NULL'
)
# `varchar_column IN ('a', 'b')` is written in one way where it was made, and in the other where that text was run.
_CAST_ARRAY = re.compile(r"\(ARRAY\[((?:[^\]']|'(?:[^']|'')*')*)\]\)::text\[\]")
_CAST_TWICE = re.compile(r"\(('(?:[^']|'')*')::character varying\)::text")
_OPTIONS = re.compile(r" WITH \(((?:\w+='[^']*'(?:, )?)+)\)")
_WIDEST = 300


def dump(binaries: Binaries, conninfo: str) -> Counter[str]:
    """Return the statements with which pg_dump would make the schema anew, how often each."""
    text = dumped_text(binaries, conninfo, "--exclude-schema=lockstep")
    return Counter(
        _in_order(_cast_once(one.text))
        for one in statements_of(text)
        if not _NO_STATEMENT.match(one.text)
    )


def dumped_text(binaries: Binaries, conninfo: str, *options: str) -> str:
    """Return what pg_dump writes of the schema."""
    command = [str(binaries.directory / "pg_dump"), "--schema-only", *options]
    done = subprocess.run(  # noqa: S603  # the server's own program
        [*command, "--dbname", conninfo], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"pg_dump: {done.stderr}")
    return done.stdout


def differences(expected: Counter[str], live: Counter[str]) -> list[str]:
    """Return the statements that only one of them has: ``-`` is missing, ``+`` is too much."""
    missing, extra = expected - live, live - expected
    return sorted(
        [f"- {_short(one)}" for one in missing.elements()]
        + [f"+ {_short(one)}" for one in extra.elements()]
    )


def _sorted(options: re.Match[str]) -> str:
    return f" WITH ({', '.join(sorted(options[1].split(', ')))})"


def _cast_once(statement: str) -> str:
    statement = _CAST_ARRAY.sub(
        lambda array: f"ARRAY[{array[1].replace('::character varying', '::text')}]", statement
    )
    return _CAST_TWICE.sub(r"\1::text", statement)


def _in_order(statement: str) -> str:
    """Columns come in the order in which they were added; that is no difference."""
    found = _BODY.fullmatch(statement)
    if not found:
        return statement
    lines = sorted(
        _NAMED_BY_THE_SERVER.sub("NOT NULL", line.strip().removesuffix(","))
        for line in found[2].split("\n")
    )
    return found[1] + "\n".join(lines) + found[3]


def _short(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= _WIDEST else line[: _WIDEST - 3] + "..."
