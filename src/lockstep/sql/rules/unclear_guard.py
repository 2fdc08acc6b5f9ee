"""A statement in a DO block under a condition that does not look at what is there."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="unclear-guard",
    kind="idempotence",
    severity="warning",
    message="what happens to {name} the second time depends on a condition that does not look at what is there",
    condition="In a DO block, a statement that cannot run twice under an IF, a CASE or behind an IF that returns, whose condition neither asks a catalog or a table, nor EXISTS or FOUND, nor a variable that such a query has filled.",
    effect="Where the condition holds both times, a server version or a setting for example, the second run fails as it would without it (42P07, 42701, 42710), or does the work again.",
    workaround="Ask the catalogs for what the statement makes or drops, or use its IF [NOT] EXISTS inside of the condition.",
)
