"""CREATE INDEX with a name but without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-index",
    kind="idempotence",
    severity="error",
    message="a second run fails: index {name} exists",
    condition="CREATE INDEX name without IF NOT EXISTS.",
    effect="The second run fails with 42P07 (duplicate_table).",
    workaround="Write CREATE INDEX IF NOT EXISTS name.",
)
