"""What the operators' report is made of, and how a part of it says that it is limited, and what would help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.operations import judging
from studio.operations.judging import Concern, Judge, Rows
from studio.operations.statements import without_values

EXTENSION = "pg_stat_statements"


@dataclass(frozen=True, slots=True)
class Section:
    """A group of the report: its query, what is said of its rows, and whether rows of others hide without a right."""

    name: str
    judge: Judge = judging.judge_nothing
    personal: bool = False
    extension: bool = False


SECTIONS = (
    Section("connection_limit", judging.judge_limit),
    Section("connections", judging.judge_connections, personal=True),
    Section("long_running", personal=True),
    Section("blocked", judging.judge_blocked, personal=True),
    Section("advisory_locks", judging.judge_locks, personal=True),
    Section("top_statements", judging.judge_statements, personal=True, extension=True),
    Section("cache_hit", judging.judge_cache),
    Section("invalid_indexes", judging.judge_invalid),
    Section("unused_indexes"),
    Section("dead_rows", judging.judge_dead),
    Section("transaction_ids", judging.judge_ids),
    Section("database_size"),
    Section("table_sizes"),
    Section("sequences", judging.judge_sequences),
    Section("replication_slots", judging.judge_slots),
    Section("standby", personal=True),
    Section("progress"),
    Section("notification_queue", judging.judge_queue),
)
"""In the order in which they are asked: what helps most in trouble comes first."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Why a group does not show all, and the command that would change it."""

    limited: str | None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """What a section found; *limited* says what is not in it."""

    items: tuple[Mapping[str, Any], ...] = ()
    limited: str | None = None
    fix: str | None = None
    concerns: tuple[Concern, ...] = field(default=())


def group_of(section: Section, rows: Rows, limit: Limit | None) -> Group:
    """Return a section's group; statements in it have lost the values that people put into them."""
    clean = tuple(_clean(row) for row in rows)
    concerns = tuple(section.judge(section.name, clean))
    known = limit or Limit(None)
    return Group(clean, known.limited, known.fix, concerns)


def limit_of_rights(section: Section, rights: Mapping[str, Any]) -> Limit | None:
    """Return what *section* cannot see because of who asks."""
    if not section.personal or rights["sees_all"]:
        return None
    return Limit(
        "what other roles do is hidden from this one", f"GRANT pg_monitor TO {rights['role']};"
    )


def limit_of_extension(found: Mapping[str, Any] | None) -> Limit | None:
    """Return what is missing for statistics of statements; None if they can be asked for."""
    if found is None:
        return Limit(
            f"the server does not have the extension {EXTENSION}",
            "install PostgreSQL's contrib modules on the server (Debian has them; apk add postgresql-contrib)",
        )
    if not found["created"]:
        return Limit(
            f"the extension {EXTENSION} is not created in this database",
            f"CREATE EXTENSION {EXTENSION};",
        )
    return None


def limit_of_error(
    state: str | None, said: str, section: Section, extension: Mapping[str, Any] | None
) -> Limit:
    """Return what the server's refusal, with that SQLSTATE, means."""
    if section.extension and state == "55000":
        others = (extension or {}).get("preloaded") or ""
        names = ", ".join(
            [*(name.strip() for name in others.split(",") if name.strip()), EXTENSION]
        )
        return Limit(
            f"the extension {EXTENSION} is created but not loaded",
            f"ALTER SYSTEM SET shared_preload_libraries = {names}; then restart the server",
        )
    if state == "42501":
        return Limit(said, "GRANT pg_monitor TO the role that the studio connects as;")
    if state == "57014":
        return Limit("not answered within 500 ms")
    return Limit(said)


def _clean(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: without_values(value) if value and name in {"query", "blocker_query"} else value
        for name, value in row.items()
    }
