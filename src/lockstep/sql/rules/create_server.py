"""CREATE SERVER or USER MAPPING without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-server",
    kind="idempotence",
    severity="error",
    message="a second run fails: server or user mapping {name} exists",
    condition="CREATE SERVER or CREATE USER MAPPING without IF NOT EXISTS.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Write CREATE SERVER IF NOT EXISTS, CREATE USER MAPPING IF NOT EXISTS.",
)
