"""DROP without IF EXISTS."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="drop-object",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} is gone",
    condition="DROP of anything without IF EXISTS.",
    effect="The second run fails with 42P01 (tables, views, indexes, sequences), 42704 (types, triggers, policies, roles, extensions ...), 42883 (functions, operators) or 3F000 (schemas).",
    workaround="Write DROP ... IF EXISTS.",
)
