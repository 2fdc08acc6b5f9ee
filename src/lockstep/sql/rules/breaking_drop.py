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
        "DROP TABLE, VIEW, MATERIALIZED VIEW, COLUMN, TYPE, DOMAIN, FUNCTION, PROCEDURE or SCHEMA of "
        "something that an earlier file made, unless the file makes it anew; not of a trigger's function."
    ),
    effect=(
        "The migration runs before the new release serves; until then the old one fails with "
        "42P01 (table), 42703 (column), 42704 (type), 42883 (function) or 3F000 (schema). Also "
        "AccessExclusiveLock, on a table's partners by foreign keys as well."
    ),
    workaround=(
        "Stop using it in one release, drop it in the next; then ignore this with that reason."
    ),
)
