"""ALTER DOMAIN ... ADD or DROP CONSTRAINT without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="domain-constraint",
    kind="idempotence",
    severity="error",
    message="a second run fails, or adds a twin: constraint {name}",
    condition="ALTER DOMAIN ... ADD CONSTRAINT outside of a guard, or DROP CONSTRAINT without IF EXISTS.",
    effect="The second run fails with 42710 (duplicate_object) or 42704 (undefined_object); without a name it adds a second constraint.",
    workaround="Write DROP CONSTRAINT IF EXISTS; add it with a name in a DO block that asks pg_constraint (contypid, conname).",
)
