"""What Railway's CLI tells of a deployment that a push began: whether it got through.

``railway deployment list --json`` prints ``[{"id", "status", "createdAt", "meta": {"commitHash", ...}}]``, newest first.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from lockstep.deploy.answers import same_release
from lockstep.values import dataclass

Word = Literal["succeeded", "failed", "waiting"]
_GOOD = ("SUCCESS", "SLEEPING")
_BAD = ("FAILED", "CRASHED", "SKIPPED", "REMOVED", "REMOVING", "NEEDS_APPROVAL")


@dataclass(frozen=True, slots=True)
class Deployment:
    """How the deployment of a commit stands."""

    word: Word
    told: str
    id: str = ""


def on_service(name: str) -> tuple[str, ...]:
    """Return the arguments that name a service; empty: that of the linked folder."""
    return ("--service", name) if name else ()


def json_in(output: str, opening: str) -> Any:
    """Return the list or object, by its *opening* bracket, that the CLI printed, perhaps after words of its own; or raise ``ValueError``."""
    lines = output.splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith(opening)), len(lines))
    return json.JSONDecoder().raw_decode("\n".join(lines[first:]))[0]


def deployment_of(output: str, commit: str) -> Deployment:
    """Read what the CLI printed; raises ``ValueError`` if there is no list of deployments."""
    found = json_in(output, "[")
    ours = [one for one in found if _is_of(one, commit)]
    if not ours:
        return Deployment("waiting", f"no deployment of {commit[:7]} yet")
    newest = max(ours, key=lambda one: str(one.get("createdAt", "")))
    status, name = str(newest.get("status", "")).upper(), str(newest.get("id", ""))
    told = f"deployment {name} is {status}"
    if status in _GOOD:
        return Deployment("succeeded", told, name)
    return Deployment("failed" if status in _BAD else "waiting", told, name)


def _is_of(one: Any, commit: str) -> bool:
    meta = one.get("meta") if isinstance(one, dict) else None
    return isinstance(meta, dict) and same_release(str(meta.get("commitHash") or ""), commit)
