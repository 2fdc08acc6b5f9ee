"""CREATE FUNCTION or PROCEDURE without OR REPLACE."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-function",
    kind="idempotence",
    severity="error",
    message="a second run fails: function {name} exists",
    condition="CREATE FUNCTION or CREATE PROCEDURE without OR REPLACE.",
    effect="The second run fails with 42723 (duplicate_function).",
    workaround="Write CREATE OR REPLACE. To change the return type or an argument's name (42P13), DROP FUNCTION IF EXISTS before it.",
)
