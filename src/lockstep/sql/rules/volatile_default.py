"""ADD COLUMN with a default that differs from row to row."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="volatile-default",
    kind="hazard",
    severity="warning",
    message=(
        "{detail} gives each row of {name} its own value: the table is written anew under {lock},"
        " which blocks {blocks}"
    ),
    condition=(
        "ADD COLUMN with a DEFAULT that calls a volatile function (random, clock_timestamp, "
        "gen_random_uuid, nextval), or one that is not known to be anything else."
    ),
    effect=(
        "AccessExclusiveLock while the table and all its indexes are written anew. Constants, "
        "now() and other stable functions cost nothing (PostgreSQL 11)."
    ),
    workaround=(
        "Add the column without a default; SET DEFAULT; fill the old rows in batches; then the "
        "constraint."
    ),
)
