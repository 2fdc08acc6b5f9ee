"""DROP IDENTITY or DROP EXPRESSION without IF EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="drop-identity",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} is neither identity nor generated any more",
    condition="ALTER COLUMN ... DROP IDENTITY or DROP EXPRESSION without IF EXISTS.",
    effect="The second run fails with 55000 (object_not_in_prerequisite_state).",
    workaround="Write DROP IDENTITY IF EXISTS, DROP EXPRESSION IF EXISTS.",
)
