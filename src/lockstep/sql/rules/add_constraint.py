"""ADD CONSTRAINT with a name but without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="add-constraint",
    kind="idempotence",
    severity="error",
    message="a second run fails: constraint {name} exists",
    condition="ALTER TABLE ... ADD CONSTRAINT name outside of a guard; IF NOT EXISTS does not exist for it on any version.",
    effect="The second run fails with 42710 (duplicate_object); a UNIQUE or EXCLUDE constraint with 42P07 (duplicate_table), because its index exists.",
    workaround="Add it in a DO block IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = 't'::regclass AND conname = ...).",
)
