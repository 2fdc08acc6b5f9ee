"""What the tests of making share: databases in two states, and the shortest way from the one to the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg

from lockstep.catalog.compare import Difference, Drift, compare
from lockstep.catalog.fact import Fact
from lockstep.catalog.fact import Path as Names
from lockstep.catalog.making import (
    Index,
    Step,
    Unchangeable,
    arranged,
    change,
    create,
    create_all,
    dependents,
    drop,
    in_order,
    must_drop,
    without_defaults,
)
from lockstep.catalog.snapshot import Snapshot, read_snapshot
from lockstep.postgres.connection import connect_now

HERE = Path(__file__).parent
_SETTINGS = "SET search_path = pg_catalog, pg_temp; SET check_function_bodies = off; SET client_min_messages = error"
_BESIDE = {"grant", "revocation", "comment"}
_ROLES = ("app_ro", "app_rw")
_CASE = re.compile(r"^-- case: (.*)$", re.MULTILINE)
_SECTION = re.compile(r"^-- (from|to|both|since):[ ]?(\d*)$", re.MULTILINE)

Changes = dict[tuple[str, tuple[str, ...]], list[Step]]
Connection = psycopg.Connection[tuple[Any, ...]]


def connected(conninfo: str) -> Connection:
    """Open a connection that commits each statement, with the settings under which steps are run."""
    connection = psycopg.connect(conninfo, autocommit=True)
    connection.execute(_SETTINGS)
    return connection


def sql(text: str) -> LiteralString:
    """Pass a text for a literal: psycopg wants one, because it must not come from users."""
    return cast("LiteralString", text)


def load(conninfo: str, text: str) -> None:
    """Run SQL, with the roles that it names."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for role in _ROLES:
            connection.execute(
                sql(
                    f"DO $$BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$"
                )
            )
        connection.execute(sql(text))


def snapshot(conninfo: str) -> Snapshot:
    """Read a database."""
    session = connect_now(conninfo, "test", "lockstep test")
    try:
        return read_snapshot(session)
    finally:
        session.close()


def rich(major: int) -> str:
    """Return the schema that has everything a server of that version can have."""
    parts = re.split(r"^-- since (\d+)$", (HERE / "rich.sql").read_text(), flags=re.MULTILINE)
    newer = zip(parts[1::2], parts[2::2], strict=True)
    return parts[0] + "".join(text for since, text in newer if int(since) <= major)


def states(major: int) -> tuple[str, str]:
    """Return the two states that ``cases.sql`` describes, for a server of that version."""
    first, second = [], []
    pieces = _CASE.split((HERE / "cases.sql").read_text())
    for text in pieces[2::2]:
        sections = _SECTION.split(text)
        found = {name: body for name, _, body in zip(*[iter(sections[1:])] * 3, strict=True)}
        since = next(
            (
                int(n)
                for name, n in zip(sections[1::3], sections[2::3], strict=True)
                if name == "since"
            ),
            0,
        )
        if since <= major:
            first.append(found.get("both", "") + found.get("from", ""))
            second.append(found.get("both", "") + found.get("to", ""))
    return "".join(first), "".join(second)


def run(connection: Connection, steps: Iterable[Step]) -> list[Step]:
    """Run the steps whose guards are true, and return them; a guard that stays true after its action is a failure."""
    done = []
    for step in steps:
        if is_needed(connection, step):
            connection.execute(sql(step.action))
            assert not is_needed(connection, step), f"still needed: {step}"
            done.append(step)
    return done


def is_needed(connection: Connection, step: Step) -> bool:
    """Ask the step's guard."""
    row = connection.execute(sql(f"SELECT {step.guard}")).fetchone()
    assert row is not None
    assert row[0] is not None, f"neither true nor false: {step}"
    return bool(row[0])


def steps_between(
    expected: Snapshot, live: Snapshot, server: int
) -> tuple[list[Step], list[Unchangeable]]:
    """Return the steps that make *live* what is expected, whatever is lost, and what cannot be."""
    drift = compare(expected, live)
    wanted, found = Index(expected.lines, server), Index(live.lines, server)
    changes, refused = _changes(drift, wanted, found)
    anew = {
        fact.key: fact
        for difference in drift.of("differs", "extra")
        if _in_the_way(difference, changes)
        for fact in dependents(difference.live, found)  # type: ignore[arg-type]
    }
    extra = {difference.fact.key: difference.fact for difference in drift.of("extra")}
    missing = [difference.fact for difference in drift.of("missing")]
    taken = {fact.path[:3] for fact in missing if fact.kind not in _BESIDE}
    first = {**anew, **{key: fact for key, fact in extra.items() if _collides(fact, taken)}}
    last = [fact for key, fact in extra.items() if key not in first]
    again = [fact for key in anew if (fact := wanted.get(*key))]
    return [
        *_dropped(must_drop(in_order(first.values()))),
        *_arranged([*missing, *again], changes, wanted, found),
        *_dropped(in_order(last)),
    ], refused


def _collides(fact: Fact, taken: set[Names]) -> bool:
    """True if a name, or a partition's place, is wanted for another."""
    return "partition_of" in fact.body or (fact.kind not in _BESIDE and fact.path[:3] in taken)


def _dropped(facts: Sequence[Fact]) -> list[Step]:
    return [step for fact in reversed(facts) for step in drop(fact)]


def _in_the_way(difference: Difference, changes: Changes) -> bool:
    if difference.expected is None:
        return False
    retyped = difference.fact.kind == "column" and "type" in difference.fields
    return retyped or any(step.loses for step in changes.get(difference.fact.key, ()))


def _changes(drift: Drift, wanted: Index, found: Index) -> tuple[Changes, list[Unchangeable]]:
    changes: Changes = {}
    refused = []
    for difference in drift.of("differs"):
        steps = change(difference, wanted, found)
        if isinstance(steps, Unchangeable):
            refused.append(steps)
        else:
            changes[difference.fact.key] = steps
    return changes, refused


def _arranged(made: Sequence[Fact], changes: Changes, wanted: Index, live: Index) -> list[Step]:
    facts = {fact.key: fact for fact in made}
    facts |= {key: fact for key in changes if (fact := wanted.get(*key))}
    tables = {fact.path for fact in made if fact.kind in {"table", "foreign_table"}}
    steps: list[Step] = []
    for fact in in_order(facts.values()):
        if fact.kind == "column" and fact.path[:2] in tables:
            continue
        steps += changes.get(fact.key, [])
        if fact in made:
            steps += create(fact, wanted)
    remade = [
        wanted.get(*key) for key, steps_ in changes.items() if any(step.loses for step in steps_)
    ]
    return arranged([*steps, *without_defaults([*made, *filter(None, remade)], wanted, live)])


def rebuild(expected: Snapshot, server: int) -> list[Step]:
    """Return the steps that make a database from nothing."""
    index = Index(expected.lines, server)
    return create_all(expected.facts(), index)


def told(differences: Iterable[Difference]) -> list[str]:
    """Return differences as people read them."""
    return [
        f"{one.what} {one.name}: {one.expected and one.expected.body} / {one.live and one.live.body}"
        for one in differences
    ]
