"""ON CONFLICT DO NOTHING on a table that no file makes."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="conflict-target-unknown",
    kind="idempotence",
    severity="warning",
    message="whether a unique key of {name} stops the rows the second time is not known",
    condition="ON CONFLICT DO NOTHING without columns, on a table that no file of the history makes.",
    effect="Where no unique key covers the given values, the second run inserts the rows again without a word.",
    workaround="Name the columns of a unique key: ON CONFLICT (email) DO NOTHING. If there is none, the first run says so (42P10): INSERT ... SELECT ... WHERE NOT EXISTS then.",
)
