"""CREATE COLLATION without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-collation",
    kind="idempotence",
    severity="error",
    message="a second run fails: collation {name} exists",
    condition="CREATE COLLATION without IF NOT EXISTS.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Write CREATE COLLATION IF NOT EXISTS.",
)
