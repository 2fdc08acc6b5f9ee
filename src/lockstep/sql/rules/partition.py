"""ATTACH or DETACH PARTITION, INHERIT or NO INHERIT without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="partition",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} is attached, or detached, already",
    condition="ATTACH PARTITION, DETACH PARTITION, INHERIT or NO INHERIT outside of a guard.",
    effect="The second run fails with 42809 (ATTACH), 42P01 (DETACH, NO INHERIT) or 42P07 (INHERIT).",
    workaround="Do it in a DO block that asks pg_inherits.",
)
