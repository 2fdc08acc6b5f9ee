"""CREATE EXTENSION without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-extension",
    kind="idempotence",
    severity="error",
    message="a second run fails: extension {name} exists",
    condition="CREATE EXTENSION without IF NOT EXISTS.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Write CREATE EXTENSION IF NOT EXISTS.",
)
