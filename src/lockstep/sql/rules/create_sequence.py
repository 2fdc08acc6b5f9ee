"""CREATE SEQUENCE without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-sequence",
    kind="idempotence",
    severity="error",
    message="a second run fails: sequence {name} exists",
    condition="CREATE SEQUENCE without IF NOT EXISTS.",
    effect="The second run fails with 42P07 (duplicate_table).",
    workaround="Write CREATE SEQUENCE IF NOT EXISTS.",
)
