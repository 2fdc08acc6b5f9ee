"""A statement that needs what a later one drops or renames."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="gone-on-second-run",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} is gone by then",
    condition="A statement uses a table or column that a later statement of the file drops or renames.",
    effect="The second run fails with 42P01 (undefined_table), 42703 (undefined_column) or 42704 (undefined_object).",
    workaround="Do it in a DO block IF what it needs is still there, or drop it in a later file.",
)
