"""ADD CONSTRAINT ... USING INDEX without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="constraint-using-index",
    kind="idempotence",
    severity="error",
    message="a second run fails: the index has become constraint {name}",
    condition="ALTER TABLE ... ADD CONSTRAINT ... USING INDEX outside of a guard.",
    effect="The second run fails with 42704 (undefined_object) where the index was renamed to the constraint, else with 42710 (duplicate_object), 42P16 or 55000: the index belongs to a constraint.",
    workaround="Add it in a DO block that asks pg_constraint.",
)
