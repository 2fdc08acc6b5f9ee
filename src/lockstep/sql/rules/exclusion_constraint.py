"""EXCLUDE on a table in use."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="exclusion-constraint",
    kind="hazard",
    severity="warning",
    message=("adding {detail} to {name} holds {lock} while its index is built: it blocks {blocks}"),
    condition="ADD CONSTRAINT ... EXCLUDE on a table of an earlier file.",
    effect=(
        "AccessExclusiveLock for as long as the index is built and every row compared. There is "
        "neither NOT VALID (0A000) nor USING INDEX for it."
    ),
    workaround=(
        "Make the constraint with a new table and move the rows over; or choose an hour without "
        "traffic and ignore this with the reason."
    ),
)
