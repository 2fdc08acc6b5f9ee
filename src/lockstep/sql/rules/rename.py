"""RENAME without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="rename",
    kind="idempotence",
    severity="error",
    message="a second run fails: the rename of, or to, {name} is done already",
    condition="ALTER ... RENAME of anything outside of a guard.",
    effect="The second run fails with 42P01, 42703, 42704, 42883, 3F000 or 22023: the old name is gone (a policy: 42710). With IF EXISTS it fails with 42P07 once an earlier file has made the old name anew.",
    workaround="Rename in a DO block IF the old name exists and the new one does not.",
)
