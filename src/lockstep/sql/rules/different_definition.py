"""IF NOT EXISTS of an object that the history defines otherwise."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="different-definition",
    kind="idempotence",
    severity="error",
    message="{name} is already defined otherwise: this definition is skipped without an error",
    condition="CREATE ... IF NOT EXISTS, or ADD COLUMN IF NOT EXISTS, of a name that an earlier statement of the history makes with another definition.",
    effect="PostgreSQL compares names only: a NOTICE, and the earlier definition stays.",
    workaround="Alter what is there: ALTER TABLE ... ADD COLUMN IF NOT EXISTS, ALTER COLUMN ... TYPE; or drop the older one first.",
)
