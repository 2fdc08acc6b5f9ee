"""Look into the catalog to see what an interrupted statement left: done, to be done, or half done.

Only statements that PostgreSQL refuses inside a transaction need this; all others are recorded in the transaction that runs
them, so that there is nothing to find out.
"""

from __future__ import annotations

from pathlib import Path

from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import Session
from lockstep.sql.parser import Statement
from lockstep.sql.transactions import (
    ConcurrentIndex,
    concurrent_index,
    detached_concurrently,
    dropped_concurrently,
    reindexed_concurrently,
)
from lockstep.values import dataclass

QUERIES = load_queries(Path(__file__).with_name("probes.sql"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What to do about a statement: first ``cleanup`` (SQL, each alone), then run it unless ``done``."""

    done: bool = False
    cleanup: tuple[str, ...] = ()


def probe(session: Session, statement: Statement, *, interrupted: bool) -> Finding:
    """Say what is left to do.

    *interrupted* means that an earlier boot began the statement and never learnt how it ended: only then may it be done.
    """
    index = concurrent_index(statement)
    if index is not None:
        return _probe_index(session, index, interrupted=interrupted)
    dropped = dropped_concurrently(statement)
    if dropped is not None and interrupted:
        (row,) = session.fetch(QUERIES["relation_exists"], name=qualified(*dropped))
        return Finding(done=not row["found"])
    reindexed = reindexed_concurrently(statement)
    if reindexed is not None:
        schema, name = reindexed
        rows = session.fetch(
            QUERIES["leftovers_of_reindex"],
            name=qualified(*reindexed) if name else "",
            schema=schema,
        )
        return Finding(
            cleanup=tuple(f"DROP INDEX CONCURRENTLY IF EXISTS {row['qualified']}" for row in rows)
        )
    detached = detached_concurrently(statement)
    if detached is not None:
        return _probe_partition(session, detached, interrupted=interrupted)
    return Finding()


def is_valid(session: Session, index: ConcurrentIndex) -> bool:
    """True if the index is there, on its table, and may be used."""
    rows = session.fetch(
        QUERIES["find_index"], name=index.name, table=qualified(index.schema, index.table)
    )
    return bool(rows) and bool(rows[0]["valid"] and rows[0]["same_table"])


def qualified(schema: str, name: str) -> str:
    """Return a name as ``to_regclass`` reads it: quoted, with its schema if it has one."""
    quoted = [f'"{part.replace(chr(34), chr(34) * 2)}"' for part in (schema, name) if part]
    return ".".join(quoted)


def _probe_index(session: Session, index: ConcurrentIndex, *, interrupted: bool) -> Finding:
    rows = session.fetch(
        QUERIES["find_index"], name=index.name, table=qualified(index.schema, index.table)
    )
    if not rows or not rows[0]["same_table"]:
        return Finding()
    if not rows[0]["valid"]:
        # IF NOT EXISTS would take the invalid leftover for the index: it must go first.
        return Finding(cleanup=(f"DROP INDEX CONCURRENTLY IF EXISTS {rows[0]['qualified']}",))
    # IF NOT EXISTS would do nothing, but only after it has locked the table against other DDL.
    return Finding(done=interrupted or index.if_not_exists)


def _probe_partition(
    session: Session, names: tuple[str, str, str, str], *, interrupted: bool
) -> Finding:
    parent, child = qualified(*names[:2]), qualified(*names[2:])
    rows = session.fetch(QUERIES["partition_state"], parent=parent, child=child)
    if not rows:
        return Finding(done=interrupted)
    if rows[0]["pending"]:
        return Finding(
            done=True, cleanup=(f"ALTER TABLE {parent} DETACH PARTITION {child} FINALIZE",)
        )
    return Finding()
