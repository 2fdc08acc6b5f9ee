"""CREATE TYPE without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-type",
    kind="idempotence",
    severity="error",
    message="a second run fails: type {name} exists",
    condition="CREATE TYPE (enum, composite, range) outside of a guard; IF NOT EXISTS does not exist for it on any version.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Create it in a DO block IF to_regtype('schema.name') IS NULL.",
)
