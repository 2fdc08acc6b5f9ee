"""What a statement asks of the transaction around it, read from its parse tree.

PostgreSQL refuses some statements inside a transaction block (25001), some end the block, and one unlocks the boot: a runner
must know before it runs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lockstep.sql.parser import Statement
from lockstep.values import dataclass

# PL/pgSQL's COMMIT and ROLLBACK, and a CALL of what has them, are static; dynamic SQL cannot end a transaction.
_ENDS_TRANSACTION = re.compile(r"commit|rollback|call", re.IGNORECASE)
_CONTROL = {
    "TRANS_STMT_BEGIN": "BEGIN",
    "TRANS_STMT_START": "START TRANSACTION",
    "TRANS_STMT_COMMIT": "COMMIT",
    "TRANS_STMT_ROLLBACK": "ROLLBACK",
    "TRANS_STMT_PREPARE": "PREPARE TRANSACTION",
    "TRANS_STMT_COMMIT_PREPARED": "COMMIT PREPARED",
    "TRANS_STMT_ROLLBACK_PREPARED": "ROLLBACK PREPARED",
}
_ALWAYS_ALONE = {
    "CreatedbStmt": "CREATE DATABASE",
    "DropdbStmt": "DROP DATABASE",
    "CreateTableSpaceStmt": "CREATE TABLESPACE",
    "DropTableSpaceStmt": "DROP TABLESPACE",
    "AlterSystemStmt": "ALTER SYSTEM",
    "CreateSubscriptionStmt": "CREATE SUBSCRIPTION",
    "DropSubscriptionStmt": "DROP SUBSCRIPTION",
}
_MAY_RUN_ALONE = {
    *_ALWAYS_ALONE,
    "AlterTableStmt",
    "ClusterStmt",
    "DropStmt",
    "IndexStmt",
    "ReindexStmt",
    "VacuumStmt",
}


@dataclass(frozen=True, slots=True)
class ConcurrentIndex:
    """An index that a statement builds concurrently; names as written, without quotes, empty where not given."""

    name: str
    schema: str
    table: str
    if_not_exists: bool


def transaction_control(statement: Statement) -> str:
    """Return the words of a statement that begins or ends a transaction, or an empty string."""
    if statement.kind != "TransactionStmt":
        return ""
    return _CONTROL.get(str(statement.tree.get("kind", "TRANS_STMT_BEGIN")), "")


def client_copy(statement: Statement) -> str:
    """Return ``COPY ... FROM STDIN`` (or ``TO STDOUT``) if the statement needs a client that sends or takes data."""
    if (
        statement.kind != "CopyStmt"
        or "filename" in statement.tree
        or statement.tree.get("is_program")
    ):
        return ""
    return "COPY ... FROM STDIN" if statement.tree.get("is_from") else "COPY ... TO STDOUT"


def discards_all(statement: Statement) -> bool:
    """True for DISCARD ALL, which releases every advisory lock of the session."""
    return statement.kind == "DiscardStmt" and statement.tree.get("target") in (None, "DISCARD_ALL")


def must_run_alone(statement: Statement) -> str:
    """Return what the statement is called if PostgreSQL refuses it inside a transaction block, else an empty string."""
    if statement.kind not in _MAY_RUN_ALONE:
        return ""
    tree = statement.tree
    if statement.kind in _ALWAYS_ALONE:
        return _ALWAYS_ALONE[statement.kind]
    if statement.kind == "IndexStmt" and tree.get("concurrent"):
        return "CREATE INDEX CONCURRENTLY"
    if statement.kind == "DropStmt" and tree.get("concurrent"):
        return "DROP INDEX CONCURRENTLY"
    if statement.kind == "ReindexStmt" and (_option(tree, "concurrently") or _whole_database(tree)):
        return "REINDEX CONCURRENTLY" if _option(tree, "concurrently") else "REINDEX DATABASE"
    if statement.kind == "VacuumStmt" and tree.get("is_vacuumcmd"):
        return "VACUUM"
    if statement.kind == "ClusterStmt" and "relation" not in tree:
        return "CLUSTER of all tables"
    if detached_concurrently(statement):
        return "DETACH PARTITION CONCURRENTLY"
    return ""


def may_commit(statement: Statement) -> bool:
    """True for CALL, and for DO with the words for it: such a body cannot share a transaction with its record."""
    return statement.kind == "CallStmt" or (
        statement.kind == "DoStmt" and bool(_ENDS_TRANSACTION.search(statement.text))
    )


def sets_session(statement: Statement) -> bool:
    """True for SET and RESET: their effect ends with the session, so a restart must run them again."""
    return statement.kind == "VariableSetStmt"


def validates_only(statement: Statement) -> bool:
    """True for ALTER TABLE ... VALIDATE CONSTRAINT alone, which blocks neither readers nor writers while it waits."""
    commands = _commands(statement)
    return bool(commands) and all(c.get("subtype") == "AT_ValidateConstraint" for c in commands)


def concurrent_index(statement: Statement) -> ConcurrentIndex | None:
    """Return the index that CREATE INDEX CONCURRENTLY builds, or None for any other statement."""
    if statement.kind != "IndexStmt" or not statement.tree.get("concurrent"):
        return None
    table = statement.tree["relation"]
    return ConcurrentIndex(
        name=statement.tree.get("idxname", ""),
        schema=table.get("schemaname", ""),
        table=table["relname"],
        if_not_exists=bool(statement.tree.get("if_not_exists")),
    )


def dropped_concurrently(statement: Statement) -> tuple[str, str] | None:
    """Return schema (may be empty) and name of the index that DROP INDEX CONCURRENTLY drops, or None."""
    if statement.kind != "DropStmt" or not statement.tree.get("concurrent"):
        return None
    parts = [item["String"]["sval"] for item in statement.tree["objects"][0]["List"]["items"]]
    return (parts[-2] if len(parts) > 1 else "", parts[-1])


def reindexed_concurrently(statement: Statement) -> tuple[str, str] | None:
    """Return schema and name of the table or index that REINDEX CONCURRENTLY rebuilds, or None.

    The schema may be empty; the name is empty where the whole schema, or with an empty schema the database, is rebuilt.
    """
    tree = statement.tree
    if statement.kind != "ReindexStmt" or not _option(tree, "concurrently"):
        return None
    relation = tree.get("relation", {})
    whole_schema = tree.get("name", "") if tree.get("kind") == "REINDEX_OBJECT_SCHEMA" else ""
    return (relation.get("schemaname", whole_schema), relation.get("relname", ""))


def detached_concurrently(statement: Statement) -> tuple[str, str, str, str] | None:
    """Return parent schema, parent, partition schema and partition of DETACH PARTITION CONCURRENTLY, or None."""
    for command in _commands(statement):
        definition = command.get("def", {}).get("PartitionCmd", {})
        if command.get("subtype") == "AT_DetachPartition" and definition.get("concurrent"):
            parent, child = statement.tree["relation"], definition["name"]
            return (
                parent.get("schemaname", ""),
                parent["relname"],
                child.get("schemaname", ""),
                child["relname"],
            )
    return None


def _commands(statement: Statement) -> list[Mapping[str, Any]]:
    if statement.kind != "AlterTableStmt":
        return []
    return [command["AlterTableCmd"] for command in statement.tree.get("cmds", [])]


def _option(tree: Mapping[str, Any], name: str) -> bool:
    found = [p["DefElem"] for p in tree.get("params", []) if p["DefElem"].get("defname") == name]
    return any("arg" not in option or _is_true(option["arg"]) for option in found)


def _is_true(argument: Mapping[str, Any]) -> bool:
    if "Integer" in argument:
        return bool(argument["Integer"].get("ival", 0))
    return argument.get("String", {}).get("sval", "").lower() not in {"false", "off"}


def _whole_database(tree: Mapping[str, Any]) -> bool:
    return tree.get("kind") in {
        "REINDEX_OBJECT_SCHEMA",
        "REINDEX_OBJECT_SYSTEM",
        "REINDEX_OBJECT_DATABASE",
    }
