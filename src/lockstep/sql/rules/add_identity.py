"""ADD GENERATED AS IDENTITY without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="add-identity",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} is an identity column",
    condition="ALTER COLUMN ... ADD GENERATED ... AS IDENTITY outside of a guard.",
    effect="The second run fails with 55000 (object_not_in_prerequisite_state).",
    workaround="Add it in a DO block IF pg_attribute.attidentity is ''.",
)
