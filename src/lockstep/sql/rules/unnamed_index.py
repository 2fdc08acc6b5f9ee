"""CREATE INDEX without a name."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="unnamed-index",
    kind="idempotence",
    severity="error",
    message="a second run builds another index like {name}",
    condition="CREATE INDEX without a name: PostgreSQL takes the next name that is free.",
    effect="The second run raises nothing and builds a second index over the same columns, which costs every write.",
    workaround="Give it a name, and write CREATE INDEX IF NOT EXISTS name; where it ran already, the name that PostgreSQL gave it.",
)
