"""CREATE PUBLICATION without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-publication",
    kind="idempotence",
    severity="error",
    message="a second run fails: publication {name} exists",
    condition="CREATE PUBLICATION outside of a guard; it has neither OR REPLACE nor IF NOT EXISTS.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Create it in a DO block IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = ...).",
)
