"""TRUNCATE of a table in use."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="truncate",
    kind="hazard",
    severity="warning",
    message=("TRUNCATE empties {name} under {lock}: what the running release wrote there is gone"),
    condition=(
        "TRUNCATE of a table of an earlier file; with CASCADE also of every table that refers to "
        "it."
    ),
    effect=(
        "AccessExclusiveLock on it and on all tables that it cascades to. It is quick, and cannot"
        " be undone after the commit."
    ),
    workaround=(
        "DELETE in batches what is meant to go; or stop using the table in one release and drop "
        "it in the next."
    ),
)
