"""DROP CONSTRAINT without IF EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="drop-constraint",
    kind="idempotence",
    severity="error",
    message="a second run fails: constraint {name} is gone",
    condition="ALTER TABLE ... DROP CONSTRAINT without IF EXISTS.",
    effect="The second run fails with 42704 (undefined_object).",
    workaround="Write DROP CONSTRAINT IF EXISTS.",
)
