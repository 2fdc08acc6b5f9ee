"""ADD PRIMARY KEY without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="add-primary-key",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} has a primary key",
    condition="ALTER TABLE ... ADD PRIMARY KEY, with or without a name, outside of a guard.",
    effect="The second run fails with 42P16 (invalid_table_definition): handlers for duplicate_object miss it.",
    workaround="Add it in a DO block IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = 't'::regclass AND contype = 'p').",
)
