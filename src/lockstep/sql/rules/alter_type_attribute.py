"""ADD ATTRIBUTE without a guard, DROP ATTRIBUTE without IF EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="alter-type-attribute",
    kind="idempotence",
    severity="error",
    message="a second run fails: attribute {name} is added, or dropped, already",
    condition="ALTER TYPE ... ADD ATTRIBUTE outside of a guard, or DROP ATTRIBUTE without IF EXISTS.",
    effect="The second run fails with 42701 (duplicate_column) or 42703 (undefined_column).",
    workaround="Write DROP ATTRIBUTE IF EXISTS; add it in a DO block that asks pg_attribute.",
)
