"""Statements that undo each other when the file is run again."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="lost-on-second-run",
    kind="idempotence",
    severity="error",
    message="a second run does not end as the first: {name} is lost, or back again",
    condition="Statements that each can be repeated, but not together: DROP CONSTRAINT IF EXISTS k with ADD COLUMN IF NOT EXISTS ... PRIMARY KEY, or IF NOT EXISTS of a name that a later statement takes away.",
    effect="The second run raises nothing and leaves another schema: the primary key is dropped and, since its column exists, not added.",
    workaround="Add the constraint in a statement of its own, in a DO block that asks pg_constraint, and drop the old one only where the new one is missing.",
)
