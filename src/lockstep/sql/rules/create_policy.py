"""CREATE POLICY without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-policy",
    kind="idempotence",
    severity="error",
    message="a second run fails: policy {name} exists",
    condition="CREATE POLICY outside of a guard; it has neither OR REPLACE nor IF NOT EXISTS.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="DROP POLICY IF EXISTS before it, in the same transaction.",
)
