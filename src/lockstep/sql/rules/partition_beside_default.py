"""CREATE TABLE PARTITION OF beside a default partition."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="partition-beside-default",
    kind="hazard",
    severity="warning",
    message=(
        "the default partition {name} is read under {lock} for rows that belong to the new one; "
        "it blocks {blocks}"
    ),
    condition=(
        "CREATE TABLE ... PARTITION OF a table with a default partition, both of earlier files."
    ),
    effect=("AccessExclusiveLock on the parent and on the default partition, which is scanned."),
    workaround=(
        "CREATE TABLE by itself, then ATTACH PARTITION, with a validated CHECK on the default "
        "partition that excludes the bounds."
    ),
)
