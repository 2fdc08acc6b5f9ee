"""ADD CHECK, UNIQUE, FOREIGN KEY or EXCLUDE without a name."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="unnamed-constraint",
    kind="idempotence",
    severity="error",
    message="a second run adds another constraint like {name}",
    condition="ALTER TABLE ... ADD CHECK, UNIQUE, FOREIGN KEY or EXCLUDE without a name: PostgreSQL takes the next name that is free.",
    effect="The second run raises nothing and adds a second constraint, which every write then checks too.",
    workaround="Give it a name (where it ran already, the one that PostgreSQL gave it), and add it in a DO block that asks pg_constraint.",
)
