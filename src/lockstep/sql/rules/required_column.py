"""ADD COLUMN NOT NULL without a default."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="required-column",
    kind="hazard",
    severity="warning",
    message=(
        "the column {detail} of {name} is NOT NULL without a default: it fails if there are rows,"
        " and the running release cannot insert"
    ),
    condition=(
        "ADD COLUMN ... NOT NULL (or PRIMARY KEY) without a default on a table of an earlier file."
    ),
    effect=(
        "23502 (not_null_violation) if the table holds a row. If not, the release that runs now "
        "inserts rows without it, and fails."
    ),
    workaround=(
        "Give it a DEFAULT (a constant costs nothing), or add it without NOT NULL and fill it "
        "first."
    ),
)
