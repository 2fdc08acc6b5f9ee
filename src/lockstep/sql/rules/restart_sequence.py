"""ALTER SEQUENCE ... RESTART."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="restart-sequence",
    kind="idempotence",
    severity="error",
    message="a second run sets {name} back to values that are in use",
    condition="ALTER SEQUENCE ... RESTART.",
    effect="The second run gives out numbers again that rows have had since the first: later inserts fail with 23505 (unique_violation).",
    workaround="Set it from the rows instead: SELECT setval('s', (SELECT coalesce(max(id), 0) + 1 FROM t), false).",
)
