"""ALTER TYPE ... ADD VALUE without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="add-enum-value",
    kind="idempotence",
    severity="error",
    message="a second run fails: the enum has {name}",
    condition="ALTER TYPE ... ADD VALUE without IF NOT EXISTS.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Write ADD VALUE IF NOT EXISTS.",
)
