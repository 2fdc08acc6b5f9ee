"""DETACH PARTITION without CONCURRENTLY."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="detach-partition-not-concurrent",
    kind="hazard",
    severity="warning",
    message=(
        "detaching holds {lock} on {name}: it blocks {blocks} of all partitions, and waits for "
        "all that read them"
    ),
    condition=(
        "DETACH PARTITION without CONCURRENTLY, for servers since PostgreSQL 14, from a table "
        "without a default partition."
    ),
    effect=(
        "AccessExclusiveLock on the parent and on the partition; short, but everybody queues "
        "behind it."
    ),
    workaround=(
        "Write DETACH PARTITION ... CONCURRENTLY (PostgreSQL 14) in a file with `-- lockstep: no-"
        "transaction`. It is refused where there is a default partition."
    ),
)
