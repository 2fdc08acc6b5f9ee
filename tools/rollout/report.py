"""What is printed of the releases: a line for each, and the reasons of those that did not go as wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rollout.hosting import Replica
from rollout.story import Outcome

_HEAD = (
    f"{'release':66}{'deploy':>10}{'took':>7}{'requests':>9}  {'not 2xx':28}{'longest gap':>12}"
    f"{'slowest':>9}  {'WebSockets closed':22}{'away':>6}{'missed':>7}  boots"
)
_PLATFORM, _COMMAND = 6, 6
"""How many lines are shown of what the platform said, and of how the command ended."""
_NOISE = re.compile(r"^[ |]*remote: ?|\x1b\[[0-9;]*m")


def head(boot: str) -> str:
    """Return the head of a table."""
    return f"\n{_TITLES[boot]}\n{_HEAD}"


def line(outcome: Outcome) -> str:
    """Return the line of a release."""
    tally = outcome.tally
    closed = _counts({**{str(code): n for code, n in tally.closed.items()}, **{f"refused {why}": n for why, n in tally.refused.items()}})  # fmt: skip
    sign = "✓" if outcome.as_wanted else "✗"
    return (
        f"{sign} {outcome.release.title:64}{_said(outcome):>10}{outcome.seconds:>6.1f}s{tally.requests:>9}  "
        f"{_counts(tally.failed):28}{tally.gap * 1000:>9.0f} ms{tally.slowest * 1000:>6.0f} ms  {closed:22}{tally.away:>5.1f}s"
        f"{tally.missed:>7}  {_boots(outcome)}"
    )


def reasons(outcome: Outcome) -> Iterable[str]:
    """Return why a release is not live, as whoever deployed it was told: by the platform, and by the command."""
    if outcome.deployed.well:
        return
    told = [_NOISE.sub("", one).rstrip() for one in outcome.deployed.said.splitlines()]
    for one in [
        *_from(told, "✗ not rolled out", _PLATFORM),
        *_from(told, "not deployed", _COMMAND),
    ]:
        yield f"      {one[:240]}"


def _from(told: Sequence[str], begin: str, most: int) -> Sequence[str]:
    first = next((n for n, one in enumerate(told) if begin in one), len(told))
    return told[first : first + most]


def summary(boot: str, outcomes: Sequence[Outcome]) -> str:
    """Return what a chain came to."""
    wanted = sum(one.as_wanted for one in outcomes)
    failed = sum(one.tally.failed.total() for one in outcomes)
    requests = sum(one.tally.requests for one in outcomes)
    sockets = sum(one.tally.cut_off + one.tally.refused.total() for one in outcomes)
    missed = sum(one.tally.missed for one in outcomes)
    gap = max((one.tally.gap for one in outcomes), default=0.0)
    return (
        f"{boot}: {wanted} of {len(outcomes)} releases as wanted; {failed} of {requests} requests failed; {sockets} WebSockets cut off or "
        f"refused; {missed} events missed; longest gap {gap * 1000:.0f} ms; {outcomes[-1].invalid_indexes if outcomes else 0} invalid indexes left"
    )


_TITLES = {
    "lockstep": "Lockstep: lockstep deploy, lockstep serve",
    "alembic": "Alembic in the ASGI lifespan: git push, uvicorn",
    "alembic-locked": "Alembic in the ASGI lifespan under an advisory lock: git push, uvicorn",
}


def _said(outcome: Outcome) -> str:
    if outcome.live:
        return "live" if outcome.deployed.well else "live, ✗"
    return "stopped" if outcome.untouched else "half"


def _boots(outcome: Outcome) -> str:
    boots = " ".join(_boot(one) for one in outcome.boots)
    steps = ", ".join(f"{name} {seconds:.2f}" for name, seconds in outcome.steps.items() if seconds >= 0.005)  # fmt: skip
    return f"{boots} s" + (f" ({steps})" if steps else "") if boots else "-"


def _boot(replica: Replica) -> str:
    again = f" ({replica.starts} starts)" if replica.starts > 1 else ""
    return f"{replica.seconds:.1f}{again}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} x {what}" for what, n in sorted(counts.items())) or "0"
