"""CREATE AGGREGATE without OR REPLACE."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-aggregate",
    kind="idempotence",
    severity="error",
    message="a second run fails: aggregate {name} exists",
    condition="CREATE AGGREGATE without OR REPLACE.",
    effect="The second run fails with 42723 (duplicate_function).",
    workaround="Write CREATE OR REPLACE AGGREGATE.",
)
