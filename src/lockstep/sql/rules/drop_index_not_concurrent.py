"""DROP INDEX without CONCURRENTLY."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="drop-index-not-concurrent",
    kind="hazard",
    severity="warning",
    message=(
        "dropping {name} holds {lock} on its table: it blocks {blocks}, and waits for all that "
        "read there"
    ),
    condition="DROP INDEX without CONCURRENTLY of an index on a table of an earlier file.",
    effect=(
        "AccessExclusiveLock on the table; it is short, but everybody queues behind it while it "
        "waits for a long query."
    ),
    workaround="Write DROP INDEX CONCURRENTLY in a file with `-- lockstep: no-transaction`.",
)
