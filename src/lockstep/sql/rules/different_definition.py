"""IF NOT EXISTS of an object that the history defines otherwise."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="different-definition",
    kind="idempotence",
    severity="error",
    message="{name} is already defined otherwise: this definition does not take effect",
    condition="CREATE ... IF NOT EXISTS, ADD COLUMN IF NOT EXISTS or a guarded CREATE or ADD CONSTRAINT in a DO block, of a name that an earlier statement of the history makes with another definition; also CREATE TABLE over a type and CREATE OR REPLACE VIEW over a table.",
    effect="PostgreSQL compares names only: a NOTICE, or nothing in a DO block, and the earlier definition stays. A table over a type is an error already on the first run (42710), and so is a view over a table (42809).",
    workaround="Alter what is there: ALTER TABLE ... ADD COLUMN IF NOT EXISTS, ALTER COLUMN ... TYPE, SET DEFAULT; or drop the older one first.",
)
