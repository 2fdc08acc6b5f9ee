"""A new enum value, used in the transaction that adds it."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="enum-value-used",
    kind="idempotence",
    severity="error",
    message="{name} cannot be used in the transaction that adds it",
    condition="ALTER TYPE ... ADD VALUE, and a later statement of the same transaction that uses the value.",
    effect="The first run fails with 55P04 (unsafe_new_enum_value_usage); from PostgreSQL 17 not if the same transaction also made the type.",
    workaround="Add the value in a file of its own before the one that uses it.",
)
