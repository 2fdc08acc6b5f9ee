"""ADD COLUMN serial, identity or GENERATED STORED."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="generated-column-rewrite",
    kind="hazard",
    severity="warning",
    message=(
        "the new column {detail} of {name} is filled for every row: the table is written anew "
        "under {lock}, which blocks {blocks}"
    ),
    condition=(
        "ADD COLUMN serial, GENERATED AS IDENTITY or GENERATED ALWAYS AS (...) STORED on a table "
        "of an earlier file."
    ),
    effect="AccessExclusiveLock while the table and all its indexes are written anew.",
    workaround=(
        "Add a plain column, fill it in batches, keep it by a default or a trigger. Instead of "
        "STORED, PostgreSQL 18 has VIRTUAL, which costs nothing."
    ),
)
