"""DROP COLUMN without IF EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="drop-column",
    kind="idempotence",
    severity="error",
    message="a second run fails: column {name} is gone",
    condition="ALTER TABLE ... DROP COLUMN without IF EXISTS.",
    effect="The second run fails with 42703 (undefined_column).",
    workaround="Write DROP COLUMN IF EXISTS.",
)
