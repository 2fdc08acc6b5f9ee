"""Long work while an earlier statement's lock is held."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="exclusive-lock-held",
    kind="hazard",
    severity="warning",
    message=(
        "{name} is still locked ({lock}) by an earlier statement while this one works through "
        "{detail}: that blocks {blocks}"
    ),
    condition=(
        "A statement that reads, builds or writes much, in a transaction in which an earlier "
        "statement took AccessExclusiveLock on a table of an earlier file."
    ),
    effect=(
        "Locks are kept to the end of the transaction: a change that takes a moment blocks "
        "everybody for as long as what follows it."
    ),
    workaround="Split the file: what locks in one, what works in the next.",
)
