"""RENAME of what the running release uses."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="breaking-rename",
    kind="hazard",
    severity="warning",
    message=(
        "{name} is renamed to {detail} while the release before this one still runs: it knows "
        "only the old name"
    ),
    condition=(
        "RENAME or SET SCHEMA of a table or view, RENAME COLUMN, of something that an earlier "
        "file made."
    ),
    effect=(
        "The migration runs before the new release serves; until then the old one fails with "
        "42P01 or 42703."
    ),
    workaround=(
        "Add the new name beside the old: a column kept by a trigger, or a view under the old "
        "table's name; drop the old one in a later release."
    ),
)
