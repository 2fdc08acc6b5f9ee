"""CREATE VIEW without OR REPLACE."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-view",
    kind="idempotence",
    severity="error",
    message="a second run fails: view {name} exists",
    condition="CREATE VIEW without OR REPLACE; IF NOT EXISTS does not exist for it on any version.",
    effect="The second run fails with 42P07 (duplicate_table).",
    workaround="Write CREATE OR REPLACE VIEW. To drop, rename or retype a column (42P16), DROP VIEW IF EXISTS before it in the same transaction.",
)
