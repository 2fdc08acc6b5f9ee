"""REFRESH MATERIALIZED VIEW without CONCURRENTLY."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="refresh-not-concurrent",
    kind="hazard",
    severity="warning",
    message="refreshing {name} holds {lock}: it blocks {blocks} until the query is done",
    condition="REFRESH MATERIALIZED VIEW without CONCURRENTLY of a view of an earlier file.",
    effect="AccessExclusiveLock on the view while it is filled anew.",
    workaround=(
        "Write REFRESH MATERIALIZED VIEW CONCURRENTLY: ExclusiveLock, which lets others read. It "
        "needs a unique index on the view."
    ),
)
