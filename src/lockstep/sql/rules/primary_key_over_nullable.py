"""PRIMARY KEY USING INDEX over a column that may be NULL."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="primary-key-over-nullable",
    kind="hazard",
    severity="warning",
    message=(
        "making the index a primary key of {name} reads every row under {lock}: its columns are "
        "not known to be NOT NULL"
    ),
    condition=(
        "ADD PRIMARY KEY USING INDEX, and the history does not make every column NOT NULL, nor "
        "does a valid CHECK prove it."
    ),
    effect="AccessExclusiveLock, and a scan for NULL under it.",
    workaround=(
        "Prove it first: a CHECK (c IS NOT NULL) NOT VALID, VALIDATE, SET NOT NULL, each in its "
        "file."
    ),
)
