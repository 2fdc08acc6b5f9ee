"""REINDEX without CONCURRENTLY."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="reindex-not-concurrent",
    kind="hazard",
    severity="warning",
    message="REINDEX holds {lock} on {name}: it blocks {blocks} until all is built",
    condition="REINDEX without CONCURRENTLY of an index or a table of an earlier file.",
    effect=(
        "ShareLock on the table and AccessExclusiveLock on each index: no writes, and no reads "
        "that would use the index."
    ),
    workaround=(
        "Write REINDEX INDEX CONCURRENTLY (PostgreSQL 12) in a file with `-- lockstep: no-"
        "transaction`."
    ),
)
