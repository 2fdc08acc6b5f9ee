"""CREATE INDEX CONCURRENTLY on a partitioned table."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="concurrent-index-on-partitioned",
    kind="hazard",
    severity="warning",
    message=("an index on the partitioned table {name} cannot be built concurrently: this fails"),
    condition="CREATE INDEX CONCURRENTLY on a table that the history made with PARTITION BY.",
    effect="PostgreSQL 13 to 18 refuse it with 0A000 (feature_not_supported).",
    workaround=(
        "CREATE INDEX ON ONLY the table, CREATE INDEX CONCURRENTLY on each partition, then ALTER "
        "INDEX ... ATTACH PARTITION."
    ),
)
