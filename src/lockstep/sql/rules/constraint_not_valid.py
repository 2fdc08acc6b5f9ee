"""A constraint that is proven while it is added."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="constraint-not-valid",
    kind="hazard",
    severity="warning",
    message=("adding {detail} to {name} holds {lock} while every row is read: it blocks {blocks}"),
    condition=(
        "ADD CONSTRAINT ... CHECK or NOT NULL (18) without NOT VALID, or ADD COLUMN with an "
        "inline CHECK, on a table of an earlier file."
    ),
    effect="AccessExclusiveLock, and a scan of the whole table under it.",
    workaround=(
        "Add it NOT VALID (no scan), and VALIDATE CONSTRAINT in another file: that reads the "
        "table under ShareUpdateExclusiveLock, which lets others write."
    ),
)
