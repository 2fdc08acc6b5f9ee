"""A guard that asks for a name without its table or schema."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="name-only-guard",
    kind="idempotence",
    severity="warning",
    message="the guard of {name} is satisfied by a namesake on another table or schema",
    condition="IF NOT EXISTS over pg_constraint by conname without conrelid, pg_trigger or pg_policy without the table, information_schema without table_schema.",
    effect="Names of constraints, triggers and policies are unique per table only: a namesake elsewhere satisfies the guard, and the object is never made.",
    workaround="Ask for the table too: conrelid = 'users'::regclass, table_schema = 'public'.",
)
