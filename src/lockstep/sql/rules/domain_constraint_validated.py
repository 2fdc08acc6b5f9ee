"""A domain's constraint that is proven while it is added."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="domain-constraint-validated",
    kind="hazard",
    severity="warning",
    message="every column of the domain is read ({name}) under {lock}, which blocks {blocks}",
    condition=(
        "ALTER DOMAIN ... ADD CHECK without NOT VALID, VALIDATE CONSTRAINT or SET NOT NULL on a "
        "domain that tables of earlier files use."
    ),
    effect=(
        "ShareLock on every table that uses the domain, while all of them are read. VALIDATE is "
        "no gentler."
    ),
    workaround=(
        "Put the CHECK on the tables: NOT VALID there, and VALIDATE under ShareUpdateExclusiveLock."
    ),
)
