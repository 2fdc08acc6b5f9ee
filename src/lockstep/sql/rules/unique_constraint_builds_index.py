"""UNIQUE or PRIMARY KEY that builds its index under the lock."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="unique-constraint-builds-index",
    kind="hazard",
    severity="warning",
    message=("adding {detail} to {name} holds {lock} while its index is built: it blocks {blocks}"),
    condition=(
        "ADD CONSTRAINT ... UNIQUE or PRIMARY KEY without USING INDEX, or ADD COLUMN with either,"
        " on a table of an earlier file."
    ),
    effect="AccessExclusiveLock for as long as CREATE INDEX takes.",
    workaround=(
        "CREATE UNIQUE INDEX CONCURRENTLY in a file with `-- lockstep: no-transaction`, then ADD "
        "CONSTRAINT ... USING INDEX."
    ),
)
