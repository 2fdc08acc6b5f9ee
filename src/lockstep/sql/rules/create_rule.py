"""CREATE RULE without OR REPLACE."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-rule",
    kind="idempotence",
    severity="error",
    message="a second run fails: rule {name} exists",
    condition="CREATE RULE without OR REPLACE.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Write CREATE OR REPLACE RULE.",
)
