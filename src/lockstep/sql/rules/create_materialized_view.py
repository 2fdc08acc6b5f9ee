"""CREATE MATERIALIZED VIEW without IF NOT EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-materialized-view",
    kind="idempotence",
    severity="error",
    message="a second run fails: materialized view {name} exists",
    condition="CREATE MATERIALIZED VIEW without IF NOT EXISTS; OR REPLACE does not exist for it on any version.",
    effect="The second run fails with 42P07 (duplicate_table).",
    workaround="Write CREATE MATERIALIZED VIEW IF NOT EXISTS. A changed query needs DROP MATERIALIZED VIEW IF EXISTS before it: otherwise the old one stays.",
)
