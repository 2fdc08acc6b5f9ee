"""CLUSTER, VACUUM FULL, SET LOGGED and their like."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="table-rewrite",
    kind="hazard",
    severity="warning",
    message="{detail} writes {name} anew under {lock}, which blocks {blocks}",
    condition=(
        "CLUSTER, VACUUM FULL, SET LOGGED or UNLOGGED, SET TABLESPACE, SET ACCESS METHOD, SET "
        "EXPRESSION on a table of an earlier file."
    ),
    effect="AccessExclusiveLock while the table and all its indexes are written anew.",
    workaround=(
        "Use pg_repack or pg_squeeze (since PostgreSQL 19 REPACK (CONCURRENTLY)); or a new table,"
        " filled in batches."
    ),
)
