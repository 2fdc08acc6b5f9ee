"""Indexes on tables that are in use, and the constraints that stand on them: built concurrently, an invalid leftover first removed.

CREATE INDEX CONCURRENTLY cannot stand under a guard, so it is written with IF NOT EXISTS. That takes an invalid leftover of the
same name for the index: therefore the leftover is first given another name, where there is one, and dropped under that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from lockstep.catalog.fact import Fact, Path, dotted, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.constraints import create_constraint
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.indexes import create_index, index_definition
from lockstep.catalog.making.texts import array
from lockstep.catalog.repair.conflicts import Question, duplicates
from lockstep.catalog.repair.plan import Piece
from lockstep.sql.objects import qualified, quoted

SMALL_PAGES = 12_800
"""A table of up to 100 MiB is indexed in a moment: then its writers may wait."""
_NOT_CLEAN = (
    "unique_violation",
    "not_null_violation",
    "exclusion_violation",
    "object_not_in_prerequisite_state",
)


def short_name(prefix: str, path: Path) -> str:
    """Return a name of Lockstep's own for something about *path*."""
    return f"{prefix}_{hashlib.sha256(dotted(path).encode('utf-8', 'replace')).hexdigest()[:12]}"


def index_of(constraint: Fact) -> Fact:
    """Return the index that a primary key or a unique constraint stands on."""
    body = constraint.body
    kept = {key: body[key] for key in ("include", "nulls_not_distinct", "options") if key in body}
    columns = [{"column": column} for column in body["columns"]]
    table = dotted(constraint.path[:2])
    return Fact(
        "index",
        (constraint.path[0], constraint.path[2]),
        {**kept, "columns": columns, "unique": True, "table": table},
    )


def question_about(fact: Fact, index: Fact) -> Question:
    """Ask which rows a unique index forbids; *fact* is the index or its constraint."""
    keys = [_key(key) for key in index.body["columns"]]
    plain = [key["column"] for key in index.body["columns"] if "column" in key]
    return duplicates(
        fact,
        undotted(index.body["table"]),
        keys,
        plain,
        index.body.get("where", ""),
        distinct=not index.body.get("nulls_not_distinct"),
    )


def _key(key: dict[str, str]) -> str:
    text = quoted(key["column"]) if "column" in key else f"({key['expression']})"
    return (
        f"{text} COLLATE {qualified(*undotted(key['collation']))}" if "collation" in key else text
    )


def concurrently(index: Fact, about: str, why: str) -> Iterator[Piece]:
    """Build an index beside reads and writes."""
    leftover = (index.path[0], short_name("lockstep_invalid", index.path))
    invalid = guards.exists(
        "pg_index AS i",
        f"i.indexrelid = {guards.relation(index.path)} AND NOT i.indisvalid",
        guards.missing(
            "pg_stat_progress_create_index AS p",
            "p.relid = i.indrelid AND p.datname = pg_catalog.current_database()",
        ),
    )
    yield Piece(
        about,
        "what an interrupted build left is put aside",
        invalid,
        (f"ALTER INDEX {qualified(*index.path)} RENAME TO {quoted(leftover[1])}",),
        part="later",
    )
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {qualified(*leftover)}"
    yield Piece(about, "and dropped", "", (drop,), part="later", alone=True)
    build = index_definition(index, concurrently=True)
    build = build.replace("CONCURRENTLY ", "CONCURRENTLY IF NOT EXISTS ", 1)
    yield Piece(about, why, "", (build,), part="later", alone=True)


def when_clean(fact: Fact, question: Question, expected: Index, why: str) -> list[Piece]:
    """Build a unique index, or its constraint, once the rows allow it; until then that is told.

    What cannot stand under a guard cannot wait for clean rows: a small table is indexed plainly then, a large one by the next
    repair, which finds no conflict any more.
    """
    table = question.table
    small = f"(SELECT c.relpages <= {SMALL_PAGES} FROM pg_catalog.pg_class AS c WHERE c.oid = {guards.relation(table)})"
    clean = f"NOT EXISTS (SELECT FROM {question.source} WHERE {question.offending})"
    made = create_index if fact.kind == "index" else create_constraint
    about = question.about
    return [
        Piece(
            about,
            f"{why}, once no key comes twice",
            step.guard,
            (step.action,),
            part="later",
            caught=_NOT_CLEAN,
            condition=f"{small} AND {clean}",
            otherwise=f"{about} is not made: keys come twice, or the table is large; when they do not, run lockstep repair again",
        )
        for step in made(fact, expected)[:1]
    ]


def adopted(constraint: Fact) -> Piece:
    """Make a constraint of the index that was built for it."""
    table, index = constraint.path[:2], (constraint.path[0], constraint.path[2])
    columns = guards.column_names(
        "i.indrelid", "(i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1]"
    )
    ready = guards.exists(
        "pg_index AS i",
        f"i.indexrelid = {guards.relation(index)} AND i.indrelid = {guards.relation(table)}",
        "i.indisunique AND i.indisvalid",
        f"{columns} = {array(constraint.body['columns'])}",
    )
    held = [guards.missing("pg_constraint", guards.constraint(constraint.path)), ready]
    if constraint.body["type"] == "primary key":
        keys = f"attname = ANY ({array(constraint.body['columns'], 'name')}) AND NOT attnotnull"
        held.append(guards.missing("pg_attribute", f"attrelid = {guards.relation(table)}", keys))
    deferred = "DEFERRABLE" if constraint.body.get("deferrable") else ""
    deferred += " INITIALLY DEFERRED" if constraint.body.get("initially_deferred") else ""
    action = (
        f"ALTER TABLE {qualified(*table)} ADD CONSTRAINT {quoted(constraint.path[2])} "
        f"{constraint.body['type'].upper()} USING INDEX {quoted(constraint.path[2])} {deferred}".rstrip()
    )
    return Piece(
        _name(constraint),
        "the index that was built becomes its own",
        guards.both(*held),
        (action,),
        part="later",
        caught=_NOT_CLEAN,
    )


def partition_by_partition(
    index: Fact, about: str, why: str, partitions: list[Path], inner: list[Path]
) -> Iterator[Piece]:
    """Build an index of a partitioned table without blocking: on each partition concurrently, then put together.

    *inner* are partitions that have partitions themselves, the outermost first.
    """
    tables = [undotted(index.body["table"]), *inner]
    for table in tables:
        own = _on(index, table, tables[0])
        yield Piece(
            about,
            why if table == tables[0] else f"and of {dotted(table)}",
            guards.both(
                f"{guards.relation(table)} IS NOT NULL", f"{guards.relation(own.path)} IS NULL"
            ),
            (index_definition(own, only=True),),
            part="later",
        )
    for table in partitions:
        yield from concurrently(_on(index, table, tables[0]), about, f"partition {dotted(table)}")


def attachments(index: Fact, about: str, pairs: list[tuple[Path, Path]]) -> Iterator[Piece]:
    """Attach the indexes of partitions to those of their parents; *pairs* are (partition, parent), the innermost first."""
    root = undotted(index.body["table"])
    for table, parent in pairs:
        child, above = _on(index, table, root).path, _on(index, parent, root).path
        parts = f"h.inhparent = {guards.relation(above)} AND i.indrelid = {guards.relation(table)}"
        taken = guards.exists(
            "pg_inherits AS h JOIN pg_catalog.pg_index AS i ON i.indexrelid = h.inhrelid", parts
        )
        valid = guards.exists("pg_index", f"indexrelid = {guards.relation(child)}", "indisvalid")
        yield Piece(
            about,
            f"the index of {dotted(table)} becomes a part of it",
            f"{guards.relation(above)} IS NOT NULL AND {valid} AND NOT {taken}",
            (f"ALTER INDEX {qualified(*above)} ATTACH PARTITION {qualified(*child)}",),
            part="later",
        )


def _on(index: Fact, table: Path, root: Path) -> Fact:
    """Return the index as it is on a partition."""
    if table == root:
        return index
    path = (table[0], short_name("lockstep_index", (*index.path, *table)))
    return Fact("index", path, {**index.body, "table": dotted(table)})


def _name(fact: Fact) -> str:
    return f"{fact.kind} {dotted(fact.path)}"
