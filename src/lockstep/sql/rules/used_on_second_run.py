"""DROP of what a later statement of the same file makes something depend on."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="used-on-second-run",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} depends on it by then",
    condition="DROP without CASCADE of an object on which the same file, further down, puts a view or a foreign key.",
    effect="On the second run the dependent object is there, and the DROP fails with 2BP01 (dependent_objects_still_exist).",
    workaround="Drop what depends on it first, in the same file: DROP VIEW IF EXISTS ... above.",
)
