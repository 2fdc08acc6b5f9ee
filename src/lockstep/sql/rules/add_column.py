"""ADD COLUMN without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="add-column",
    kind="idempotence",
    severity="error",
    message="a second run fails: column {name} exists",
    condition="ALTER TABLE ... ADD COLUMN without IF NOT EXISTS.",
    effect="The second run fails with 42701 (duplicate_column).",
    workaround="Write ADD COLUMN IF NOT EXISTS, for each column of the statement.",
)
