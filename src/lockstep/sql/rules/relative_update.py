"""UPDATE of a column relative to itself."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="relative-update",
    kind="idempotence",
    severity="error",
    message="a second run changes the rows of {name} again",
    condition="UPDATE (or ON CONFLICT DO UPDATE) that sets a column to an expression over itself (n + 1, name || 'x') and does not look at it in WHERE.",
    effect="The second run applies the change to rows that have it already.",
    workaround="Exclude in WHERE the rows that are done, or set an absolute value.",
)
