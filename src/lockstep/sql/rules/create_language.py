"""CREATE LANGUAGE or TRANSFORM without OR REPLACE."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-language",
    kind="idempotence",
    severity="error",
    message="a second run fails: language or transform {name} exists",
    condition="CREATE LANGUAGE or CREATE TRANSFORM without OR REPLACE.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Write CREATE OR REPLACE LANGUAGE, CREATE OR REPLACE TRANSFORM.",
)
