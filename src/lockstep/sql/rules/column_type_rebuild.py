"""ALTER COLUMN TYPE that costs a scan or an index."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="column-type-rebuild",
    kind="hazard",
    severity="warning",
    message=(
        "changing {name}.{detail} keeps the rows as they are, but reads them for a CHECK or "
        "builds an index anew, under {lock}"
    ),
    condition=(
        "ALTER COLUMN ... TYPE without a rewrite on a column that a CHECK, an index with an "
        "expression or a WHERE, or an index of another order is about."
    ),
    effect="AccessExclusiveLock while the CHECK is proven again or the index built again.",
    workaround=(
        "Drop the CHECK or the index first, and make it again afterwards: NOT VALID and VALIDATE,"
        " or CONCURRENTLY."
    ),
)
