"""Verify a release where it serves: by what it answers, by what the database holds, and for as long as it is asked.

Every check says what it saw, what it wanted and what to do. Waiting looks again until all hold or the time is up; the steady
requests come last, once the rest holds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lockstep.deploy import allowed, answers, inside, websocket
from lockstep.deploy.allowed import Railway
from lockstep.deploy.asking import ask_at_once, certificate_days
from lockstep.deploy.checks import Check, judged, skipped, verified
from lockstep.deploy.steady import request_steadily
from lockstep.interrupt import Interrupt
from lockstep.settings import Settings
from lockstep.values import dataclass

CHECKS = (
    "health", "boot", "release", "scheduler", "websocket", "certificate", "redirects", "headers",
    "platform", "database", "record", "pending", "drift", "indexes", "replicas", "steady",
)  # fmt: skip

_SAMPLES = 8
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_TICK_PATIENCE = 15.0
_TICK_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """What is verified and how far; ``url`` is where it answers, without a path. Durations are in seconds.

    ``settings`` lead to its database, None where none is named. ``page`` and ``websocket`` are paths; an empty one is not asked.
    ``without`` names the checks that are left out. ``begun``: when the release began to be awaited, by the monotonic clock. ``railway`` is the platform, where it is that and tells.
    """

    url: str
    settings: Settings | None
    release: str = ""
    page: str = "/"
    websocket: str = ""
    headers: Mapping[str, str] | None = None
    scheduler: str = "scheduler"
    steady: float = 10.0
    rate: float = 10.0
    without: Collection[str] = ()
    begun: float = math.inf
    railway: Railway | None = None

    def at(self, path: str, scheme: str = "") -> str:
        """Return the address of a path."""
        parts = urlsplit(self.url)
        return urlunsplit((scheme or parts.scheme, parts.netloc, path, "", ""))

    @property
    def secure(self) -> bool:
        """True where TLS serves."""
        return urlsplit(self.url).scheme == "https"


def verify(
    target: Target,
    interrupt: Interrupt,
    *,
    wait: float = 0.0,
    report: Callable[[str], None] = lambda _: None,
) -> list[Check]:
    """Look until everything holds, for *wait* seconds at most, then ask steadily; return what was found last.

    A boot that failed for good meanwhile ends the waiting. *report* hears what is waited for. Raises ``Interrupted``.
    """
    begun, pause, told = time.monotonic(), _FIRST_PAUSE, ""
    awaited = min(begun, target.begun)
    while True:
        found = list(_looked(target, interrupt, awaited))
        left = wait - (time.monotonic() - begun)
        if verified(found) or left <= 0 or any(check.final for check in found):
            break
        names = [check.name for check in found if check.result == "fails"]
        report(f"waiting {left:.0f} s at most for {', '.join(names)}")
        for check in found:
            if check.cause and check.saw != told:
                told = check.saw
                report(f"{check.name}: {told}")
        interrupt.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return [*found, _steady(target, interrupt, well=verified(found))]


def _looked(target: Target, interrupt: Interrupt, awaited: float) -> Iterator[Check]:
    """Yield all checks but the steady one; nothing more is asked of what does not answer at all, or is somebody else."""
    (health,) = ask_at_once([target.at("/api/health")], interrupt)
    if "health" not in target.without:
        yield answers.health(health, answers.utc_now())
    if answers.is_ours(health) or (health.status and "health" in target.without):
        for check in (*_outside(target, interrupt), *_edge(target, interrupt)):
            if check.name not in target.without:
                yield check
    if target.railway is not None and "platform" not in target.without:
        yield allowed.look(target.railway, interrupt)
    if target.settings is None:
        if "database" not in target.without:
            yield judged(
                "database", holds=False, saw="no database is named",
                wanted="nothing pending, no drift, no invalid index, every replica of this release",
                todo="Name it with --database URL, or leave it out with --without database.",
            )  # fmt: skip
        return
    if "database" not in target.without:
        found = inside.checks(target.settings, target.release, time.monotonic() - awaited)
        yield from (check for check in found if check.name not in target.without)


def _outside(target: Target, interrupt: Interrupt) -> Iterator[Check]:
    timelines = _timelines(target, interrupt)
    yield answers.boot(timelines)
    yield answers.release(timelines, target.release)
    if "scheduler" not in target.without:
        yield _scheduler(target, interrupt)
    if not target.websocket:
        yield skipped(
            "websocket",
            "no address is named",
            "an upgrade and a ping that comes back",
            "--websocket PATH",
        )
    elif "websocket" not in target.without:
        address = target.at(target.websocket, "wss" if target.secure else "ws")
        yield websocket.look(address, target.headers or {})


def _timelines(target: Target, interrupt: Interrupt) -> Sequence[Mapping[str, Any]]:
    """Return the boots that answer when asked several times: an edge sends each question to any replica."""
    asked = ask_at_once([target.at("/api/boot")] * _SAMPLES, interrupt)
    found: list[Any] = [one.json for one in asked]
    return [one for one in found if isinstance(one, dict) and {"boot_id", "outcome"} <= one.keys()]


def _scheduler(target: Target, interrupt: Interrupt) -> Check:
    (first,) = ask_at_once([target.at("/readyz")], interrupt)
    until = time.monotonic() + _TICK_PATIENCE
    while True:
        interrupt.sleep(_TICK_PAUSE)
        (second,) = ask_at_once([target.at("/readyz")], interrupt)
        check = answers.scheduler(first, second, target.scheduler)
        if check.result != "fails" or time.monotonic() > until:
            return check


def _edge(target: Target, interrupt: Interrupt) -> Iterator[Check]:
    (page,) = ask_at_once([target.at(target.page)], interrupt)
    yield answers.headers(page, secure=target.secure)
    if not target.secure:
        local = urlsplit(target.url).hostname in {"localhost", "127.0.0.1", "::1"}
        yield judged("certificate", holds=local, saw="plain HTTP" + (", on this machine" if local else ""), wanted="TLS where others can listen", todo="Serve it over https.")  # fmt: skip
        return
    try:
        yield answers.certificate(certificate_days(target.url), "")
    except OSError as error:
        yield answers.certificate(None, f"{type(error).__name__}: {error}")
    plain = Target(urlunsplit(("http", urlsplit(target.url).hostname or "", "", "", "")), None)
    yield answers.redirects(*ask_at_once([plain.at(target.page), plain.at("/api/health")], interrupt))  # fmt: skip


def _steady(target: Target, interrupt: Interrupt, *, well: bool) -> Check:
    wanted = "no request without an answer, none with 5xx"
    if "steady" in target.without or not target.steady:
        return skipped("steady", "left out", wanted)
    if not well:
        return skipped("steady", "something else fails", wanted, "Mend that first.")
    seen = request_steadily(
        target.at(target.page), target.steady, target.rate, lambda: interrupt.requested
    )
    interrupt.check()
    return answers.steady(seen.endings, seen.gap, target.steady)
