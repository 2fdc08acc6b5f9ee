"""ALTER PUBLICATION ... ADD or DROP without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="alter-publication",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} is added, or dropped, already",
    condition="ALTER PUBLICATION ... ADD TABLE or DROP TABLE.",
    effect="The second run fails with 42710 (duplicate_object) or 42704 (undefined_object).",
    workaround="Write ALTER PUBLICATION ... SET TABLE with all tables.",
)
