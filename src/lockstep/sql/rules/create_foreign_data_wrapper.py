"""CREATE FOREIGN DATA WRAPPER without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-foreign-data-wrapper",
    kind="idempotence",
    severity="error",
    message="a second run fails: foreign data wrapper {name} exists",
    condition="CREATE FOREIGN DATA WRAPPER outside of a guard; it has neither OR REPLACE nor IF NOT EXISTS.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Create it in a DO block IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_foreign_data_wrapper WHERE fdwname = ...).",
)
