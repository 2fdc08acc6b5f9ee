"""UPDATE of every row."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="unbounded-update",
    kind="hazard",
    severity="warning",
    message="every row of {name} is written in one transaction: all stay locked until it ends",
    condition="UPDATE without WHERE on a table of an earlier file.",
    effect=(
        "RowExclusiveLock and a lock on each row until the end; the table doubles before VACUUM; "
        "replicas fall behind."
    ),
    workaround=(
        "Fill in batches outside of the migration, by key range; where the table is small, say so"
        " in an ignore."
    ),
)
