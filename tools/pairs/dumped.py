"""``pg_dump`` as the second observer: the statements of a schema, as far as their order and that of columns is left aside.

Left aside is also what is no part of a schema's description here, because it belongs to the host: owners, and the versions of
extensions with the remarks that these bring, and who logs in to foreign servers as whom.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter

from lockstep.embedded import Binaries
from pairs.bench import statements_of

_NAME = r'(?:"(?:[^"]|"")*"|[^\s."]+)'
_NO_STATEMENT = re.compile(
    r"SET |SELECT pg_catalog\.set_config|COMMENT ON EXTENSION |CREATE USER MAPPING "
)
_BODY = re.compile(r"(CREATE (?:UNLOGGED |FOREIGN )*TABLE [^(]*\(\n)(.*)(\n\).*)", re.DOTALL)
# PostgreSQL 18 names what was never named, after what table and column were called then.
_NAMED_BY_THE_SERVER = re.compile(
    r'CONSTRAINT ("(?:[^"]|"")*_not_null\d*"|\S*_not_null\d*) NOT NULL'
)
# `varchar_column IN ('a', 'b')` is written in one way where it was made, and in the other where that text was run.
_CAST_ARRAY = re.compile(r"\(ARRAY\[((?:[^\]']|'(?:[^']|'')*')*)\]\)::text\[\]")
_CAST_TWICE = re.compile(r"\(('(?:[^']|'')*')::character varying\)::text")
# The sequence of an identity column goes by the name that the column had when it became one.
_IDENTITY = re.compile(rf"(AS IDENTITY \(\s*)SEQUENCE NAME {_NAME}\.{_NAME}")
_OPTIONS = re.compile(r"\bWITH \(((?:[\w.]+=(?:'[^']*'|[^\s',()]+)(?:, )?)+)\)")
# So do the settings of a column, and those of a function: in whatever order they were given, they are the same.
_SETTINGS = re.compile(r"\bSET \(((?:\w+=[^,()]+(?:, )?)+)\)")
_CONFIGURED = re.compile(r"(?:^ *SET [\w.\"]+ TO .*\n)+", re.MULTILINE)
_ATTACHED = re.compile(
    rf"ALTER INDEX (?P<of>{_NAME}\.{_NAME}) ATTACH PARTITION (?P<part>{_NAME}\.{_NAME})"
)
_LAST = re.compile(rf"\.({_NAME})\Z")
_INDEX = re.compile(
    rf"CREATE (?:UNIQUE )?INDEX (?P<name>{_NAME}) ON (?:ONLY )?(?P<table>{_NAME}\.{_NAME}) "
    rf"|ALTER TABLE ONLY (?P<owner>{_NAME}\.{_NAME})\s+ADD CONSTRAINT (?P<key>{_NAME}) "
)
_WIDEST = 300


def dump(binaries: Binaries, conninfo: str) -> Counter[str]:
    """Return the statements with which pg_dump would make the schema anew, how often each."""
    text = dumped_text(binaries, conninfo, "--exclude-schema=lockstep", "--no-owner")
    texts = [one.text for one in statements_of(text) if not _NO_STATEMENT.match(one.text)]
    parts = {found["part"]: found["of"] for one in texts if (found := _ATTACHED.fullmatch(one))}
    return Counter(_in_order(_cast_once(_sorted(_as_part(one, parts)))) for one in texts)


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


def _sorted(statement: str) -> str:
    """Put options and settings into an order."""
    for word, pattern in (("WITH", _OPTIONS), ("SET", _SETTINGS)):
        statement = pattern.sub(
            lambda found, word=word: f"{word} ({', '.join(sorted(found[1].split(', ')))})",
            statement,
        )
    if statement.startswith(("CREATE FUNCTION ", "CREATE PROCEDURE ")):
        head, body, rest = statement.partition("\n    AS ")
        lines = _CONFIGURED.sub(
            lambda found: "".join(sorted(found[0].splitlines(True))), head + "\n"
        )
        statement = lines[:-1] + body + rest
    return statement


def _cast_once(statement: str) -> str:
    statement = _IDENTITY.sub(r"\1", statement)
    statement = _CAST_ARRAY.sub(
        lambda array: f"ARRAY[{array[1].replace('::character varying', '::text')}]", statement
    )
    return _CAST_TWICE.sub(r"\1::text", statement)


def _as_part(statement: str, parts: dict[str, str]) -> str:
    """Name an index of a partition after the one of which it is a part: its own name is the server's."""
    if found := _ATTACHED.fullmatch(statement):
        return f"ALTER INDEX {_whole(found['of'], parts)} ATTACH PARTITION of its own table"
    if (found := _INDEX.match(statement)) is None:
        return statement
    group = "name" if found["name"] else "key"
    schema, _, _ = _LAST.split(found["table"] or found["owner"])
    name = f"{schema}.{found[group]}"
    if name not in parts:
        return statement
    whole = _whole(name, parts)
    return f"{statement[: found.start(group)]}<part of {whole}>{statement[found.end(group) :]}"


def _whole(name: str, parts: dict[str, str]) -> str:
    while name in parts:
        name = parts[name]
    return name


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
