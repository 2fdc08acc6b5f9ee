"""What a new object may be used for by default on this database, where that is not what it should be.

ALTER DEFAULT PRIVILEGES grants on whatever is made after it. An object that the repair makes gets just the privileges that it
should have, in the statement that makes it; what somebody grants later stays.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.fact import GRANT_OPTION, ON_TABLES, OWNER, Fact, Path
from lockstep.catalog.making import Step, drop
from lockstep.catalog.making.index import Index

_SINCE = 17
_WORDS = {
    **dict.fromkeys(("table", "foreign_table", "view", "matview"), ("tables", "table")),
    "sequence": ("sequences", "sequence"),
    "function": ("functions", "function"),
    "aggregate": ("functions", "function"),
    "procedure": ("functions", "procedure"),
    **dict.fromkeys(("enum", "domain", "composite", "range"), ("types", "type")),
    "schema": ("schemas", "schema"),
}
"""What default privileges call a kind, and what grants call it."""


def corrections(fact: Fact, expected: Index, live: Index) -> list[Step]:
    """Return the steps that undo what default privileges do to *fact* when it is made, and should not."""
    if fact.kind not in _WORDS:
        return []
    plural, word = _WORDS[fact.kind]
    steps: list[Step] = []
    for default in live.of_kind("default_privilege"):
        role, schema, kind = default.path
        if kind != plural or schema not in {"", fact.path[0]}:
            continue
        for what, given in (
            ("grant", default.body.get("granted", ())),
            ("revocation", default.body.get("revoked", ())),
        ):
            for grantee, privileges in _by_grantee(given).items():
                if what == "grant" and grantee == role:
                    continue
                path = (word, *fact.path, OWNER if grantee == role else grantee)
                excess = _excess(what, path, privileges, expected)
                if excess and word == "table" and what == "grant" and live.server >= _SINCE:
                    excess += _maintain(path, privileges, expected)
                if excess:
                    steps += drop(Fact(what, path, {"privileges": excess}))
    return steps


def _excess(what: str, path: Path, privileges: list[str], expected: Index) -> list[str]:
    wanted = expected.get(what, path)
    named = wanted.body["privileges"] if wanted else []
    return [privilege for privilege in privileges if privilege not in named]


def _maintain(path: Path, privileges: list[str], expected: Index) -> list[str]:
    """Return MAINTAIN if it comes with all other privileges, and is not to be there."""
    every = {privilege.removesuffix(GRANT_OPTION) for privilege in privileges} == ON_TABLES
    return ["MAINTAIN"] if every and expected.get("maintain", path) is None else []


def _by_grantee(given: list[str]) -> dict[str, list[str]]:
    """Split ``SELECT TO app_ro`` and ``EXECUTE FROM public``."""
    found: dict[str, list[str]] = {}
    for text in given:
        for privilege, grantee in _split(text):
            found.setdefault(grantee, []).append(privilege)
    return found


def _split(text: str) -> Iterator[tuple[str, str]]:
    from lockstep.catalog.fact import undotted

    word = " TO " if " TO " in text else " FROM "
    privilege, _, grantee = text.partition(word)
    names = undotted(grantee)
    if names:
        yield privilege, names[0]
