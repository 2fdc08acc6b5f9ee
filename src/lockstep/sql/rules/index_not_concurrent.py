"""CREATE INDEX without CONCURRENTLY on a table in use."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="index-not-concurrent",
    kind="hazard",
    severity="warning",
    message="building an index on {name} holds {lock}: it blocks {blocks} until it is built",
    condition=(
        "CREATE INDEX without CONCURRENTLY on a table, a partitioned table or a materialized view"
        " of an earlier file."
    ),
    effect=(
        "ShareLock on the table and each partition while the index is built: everyone can read, "
        "nobody can write."
    ),
    workaround=(
        "Write CREATE INDEX CONCURRENTLY in a file with `-- lockstep: no-transaction`. On a "
        "partitioned table: CREATE INDEX ON ONLY it, CONCURRENTLY on each partition, then ALTER "
        "INDEX ... ATTACH PARTITION."
    ),
)
