"""'now' as a constant in a view or a default."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="frozen-moment",
    kind="idempotence",
    severity="error",
    message="{name} keeps the moment in which it was defined, another one in each run",
    condition="The constant 'now' (or 'today', 'tomorrow', 'yesterday') cast to a date or time in a view, a materialized view or a default.",
    effect="PostgreSQL reads such a constant when the view or default is defined, not when it is used: it never moves on, and each run defines another.",
    workaround="Write now(), CURRENT_TIMESTAMP or CURRENT_DATE.",
)
