"""ADD COLUMN of a domain with a constraint."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="constrained-domain-column",
    kind="hazard",
    severity="warning",
    message=(
        "{detail} is a domain with a constraint: {name} is written anew under {lock}, which "
        "blocks {blocks}"
    ),
    condition=(
        "ADD COLUMN of a domain to which the history gives a CHECK or NOT NULL, also without a "
        "default."
    ),
    effect=(
        "AccessExclusiveLock while the table and all its indexes are written anew (PostgreSQL 13 "
        "to 18)."
    ),
    workaround=(
        "Use the domain's base type, with a CHECK that is added NOT VALID and validated later."
    ),
)
