"""SET SCHEMA without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="set-schema",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} has moved already",
    condition="ALTER ... SET SCHEMA outside of a guard.",
    effect="The second run fails with 42P01, 42704 or 42883: nothing is left in the old schema; with 42P07 if it was made there anew.",
    workaround="Move it in a DO block IF it is still in the old schema and not in the new one.",
)
