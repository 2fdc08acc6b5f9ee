"""CREATE TABLE without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-table",
    kind="idempotence",
    severity="error",
    message="a second run fails: table {name} exists",
    condition="CREATE TABLE (also UNLOGGED, FOREIGN, PARTITION OF) without IF NOT EXISTS.",
    effect="The second run fails with 42P07 (duplicate_table).",
    workaround="Write CREATE TABLE IF NOT EXISTS.",
)
