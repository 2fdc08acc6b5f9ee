"""CREATE SCHEMA without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-schema",
    kind="idempotence",
    severity="error",
    message="a second run fails: schema {name} exists",
    condition="CREATE SCHEMA without IF NOT EXISTS.",
    effect="The second run fails with 42P06 (duplicate_schema).",
    workaround="Write CREATE SCHEMA IF NOT EXISTS. With tables inside of it that is an error (0A000): create them in statements of their own.",
)
