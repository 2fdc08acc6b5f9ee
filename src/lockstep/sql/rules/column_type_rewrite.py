"""ALTER COLUMN TYPE that changes how values are stored."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="column-type-rewrite",
    kind="hazard",
    severity="warning",
    message=("changing {name}.{detail} writes the table anew under {lock}, which blocks {blocks}"),
    condition=(
        "ALTER COLUMN ... TYPE where the type that the history gave the column is stored "
        "otherwise: int to bigint, any type to text, a varchar that shrinks, a numeric of another"
        " scale, timestamp to timestamptz outside of UTC, a USING that computes."
    ),
    effect=(
        "AccessExclusiveLock while the table and all its indexes are written anew; also on tables"
        " joined by its foreign keys. A varchar, numeric or timestamp that only grows, varchar to"
        " text and cidr to inet cost nothing."
    ),
    workaround=(
        "Add a column of the new type, keep both filled (trigger), copy in batches, and let a "
        "later release swap them."
    ),
)
