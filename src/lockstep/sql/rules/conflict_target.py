"""ON CONFLICT that conflicts with nothing."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="conflict-target",
    kind="idempotence",
    severity="error",
    message="no unique key of {name} stops the rows the second time",
    condition="ON CONFLICT DO NOTHING without columns, where no unique key covers the given values; or with columns that no unique key has.",
    effect="The second run inserts the rows again without a word: a generated key never conflicts. With columns that no unique index has, already the first fails with 42P10.",
    workaround="Name the columns of a unique key whose values the rows give: ON CONFLICT (email) DO NOTHING.",
)
