"""CREATE CONSTRAINT TRIGGER without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-constraint-trigger",
    kind="idempotence",
    severity="error",
    message="a second run fails: constraint trigger {name} exists",
    condition="CREATE CONSTRAINT TRIGGER outside of a guard; OR REPLACE is refused for it (0A000).",
    effect="The second run fails with 42710 (duplicate_object), on PostgreSQL 13 with 23505 (unique_violation).",
    workaround="DROP TRIGGER IF EXISTS before it, or create it in a DO block IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger ...).",
)
