"""SELECT INTO a new table."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="select-into",
    kind="idempotence",
    severity="error",
    message="a second run fails: table {name} exists",
    condition="SELECT ... INTO a table; it has no form that minds an existing one.",
    effect="The second run fails with 42P07 (duplicate_table).",
    workaround="Write CREATE TABLE IF NOT EXISTS ... AS SELECT.",
)
