"""DELETE of every row."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="unbounded-delete",
    kind="hazard",
    severity="warning",
    message="every row of {name} is deleted in one transaction: all stay locked until it ends",
    condition="DELETE without WHERE on a table of an earlier file.",
    effect=(
        "RowExclusiveLock and a lock on each row until the end; what the running release wrote is"
        " gone."
    ),
    workaround="Name the rows in WHERE, in batches.",
)
