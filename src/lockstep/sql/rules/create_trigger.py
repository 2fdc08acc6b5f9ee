"""CREATE TRIGGER without OR REPLACE."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-trigger",
    kind="idempotence",
    severity="error",
    message="a second run fails: trigger {name} exists",
    condition="CREATE TRIGGER without OR REPLACE.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Write CREATE OR REPLACE TRIGGER (PostgreSQL 14 and later); before that, DROP TRIGGER IF EXISTS first.",
)
