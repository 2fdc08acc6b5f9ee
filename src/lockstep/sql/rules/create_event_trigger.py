"""CREATE EVENT TRIGGER without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-event-trigger",
    kind="idempotence",
    severity="error",
    message="a second run fails: event trigger {name} exists",
    condition="CREATE EVENT TRIGGER outside of a guard; it has neither OR REPLACE nor IF NOT EXISTS.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="DROP EVENT TRIGGER IF EXISTS before it.",
)
