"""Casts, operators, their classes and families, conversions, access methods without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-operator",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} exists",
    condition="CREATE CAST, OPERATOR, OPERATOR CLASS, OPERATOR FAMILY, CONVERSION or ACCESS METHOD outside of a guard.",
    effect="The second run fails with 42710 (duplicate_object), an operator with 42723 (duplicate_function).",
    workaround="PostgreSQL has no short form: ask the catalogs in a DO block before creating it.",
)
