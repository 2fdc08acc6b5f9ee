"""CREATE DOMAIN without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-domain",
    kind="idempotence",
    severity="error",
    message="a second run fails: domain {name} exists",
    condition="CREATE DOMAIN outside of a guard; IF NOT EXISTS does not exist for it on any version.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Create it in a DO block IF to_regtype('schema.name') IS NULL.",
)
