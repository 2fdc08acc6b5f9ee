"""ATTACH PARTITION that has to look."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="attach-partition-scan",
    kind="hazard",
    severity="warning",
    message="attaching reads all of {name} under {lock}, which blocks {blocks}",
    condition=(
        "ATTACH PARTITION of a table without a CHECK that implies its bounds, or beside a default"
        " partition."
    ),
    effect=(
        "AccessExclusiveLock on the new partition, and on the default partition, while each is "
        "read; ShareUpdateExclusiveLock on the parent."
    ),
    workaround=(
        "Before, ADD CONSTRAINT ... CHECK (the bounds) NOT VALID and VALIDATE it; a default "
        "partition needs one that excludes them."
    ),
)
