"""DROP of what the running release uses."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="breaking-drop",
    kind="hazard",
    severity="warning",
    message=(
        "{name} is dropped while the release before this one still runs: what it asks of it fails"
    ),
    condition=(
        "DROP TABLE, VIEW, MATERIALIZED VIEW or COLUMN of something that an earlier file made, "
        "unless the file makes it anew."
    ),
    effect=(
        "The migration runs before the new release serves; until then the old one fails with "
        "42P01 or 42703. Also AccessExclusiveLock, and on the tables that foreign keys join with "
        "it."
    ),
    workaround=(
        "Stop using it in one release, drop it in the next; then ignore this with that reason."
    ),
)
