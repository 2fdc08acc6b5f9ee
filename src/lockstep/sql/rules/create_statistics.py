"""CREATE STATISTICS without IF NOT EXISTS, or without a name."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-statistics",
    kind="idempotence",
    severity="error",
    message="a second run fails, or adds a twin: statistics {name} exist",
    condition="CREATE STATISTICS without IF NOT EXISTS, or (PostgreSQL 16 and later) without a name.",
    effect="The second run fails with 42710 (duplicate_object); without a name it adds a second object.",
    workaround="Write CREATE STATISTICS IF NOT EXISTS name.",
)
