"""ALTER COLUMN TYPE of a column that a view shows."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="column-type-under-view",
    kind="hazard",
    severity="warning",
    message="the type of {name}.{detail}, cannot be changed: this fails",
    condition="ALTER COLUMN ... TYPE on a column that a view of the history uses.",
    effect="0A000 (feature_not_supported).",
    workaround="Drop the view, change the type, create the view again, in one file.",
)
