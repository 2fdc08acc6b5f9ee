"""ALTER COLUMN TYPE from a type that is not known."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="column-type-unknown",
    kind="hazard",
    severity="warning",
    message=(
        "the old type of {name}.{detail} is unknown here: if it is stored otherwise, the table is"
        " written anew under {lock}"
    ),
    condition="ALTER COLUMN ... TYPE on a column that no file of the history defines.",
    effect="AccessExclusiveLock; a rewrite or none, which depends on the old type.",
    workaround=(
        "Lint the whole history; if the table comes from elsewhere, look it up and ignore this "
        "with the reason."
    ),
)
