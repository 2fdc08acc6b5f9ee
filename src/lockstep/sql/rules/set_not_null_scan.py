"""SET NOT NULL that has to look."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="set-not-null-scan",
    kind="hazard",
    severity="warning",
    message=(
        "SET NOT NULL on {name}.{detail} holds {lock} while every row is read: it blocks {blocks}"
    ),
    condition=(
        "ALTER COLUMN ... SET NOT NULL on a column that no valid CHECK (c IS NOT NULL) proves."
    ),
    effect="AccessExclusiveLock, and a scan of the whole table under it.",
    workaround=(
        "ADD CONSTRAINT ... CHECK (c IS NOT NULL) NOT VALID; VALIDATE it in the next file; then "
        "SET NOT NULL finds it proven and reads nothing (PostgreSQL 12). Since 18 also: ADD "
        "CONSTRAINT ... NOT NULL c NOT VALID, then VALIDATE."
    ),
)
