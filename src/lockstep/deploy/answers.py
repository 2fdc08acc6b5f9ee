"""What the answers of a release must be like: pure functions from what came back to a check."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lockstep.deploy.asking import Answer
from lockstep.deploy.checks import Check, judged, skipped

KEYS = ("status", "timestamp", "uptime", "database", "scheduler")
_WELL = {"status": "ok", "database": "ready"}
_UNWELL = ("degraded", "error", "failing", "stalled", "stopping", "reconnecting")
_LARGEST_SKEW = 60.0
_FEWEST_DAYS = 14
_SHORTEST_REVISION = 7
_REDIRECTS = (301, 302, 303, 307, 308)
_EDGE = (502, 503, 504)


def health(answer: Answer, now: datetime) -> Check:
    """Judge ``/api/health``: its status, exactly its keys, and whether what they say is well."""
    problems = _of_health(answer, now)
    return judged(
        "health",
        holds=not problems,
        saw="; ".join(problems) if problems else f"200 in {answer.seconds * 1000:.0f} ms, {_words(answer.json)}",
        wanted=f"200 and exactly {', '.join(KEYS)}, all well, not redirected",
        todo=_todo_of_health(answer),
    )  # fmt: skip


def is_ours(answer: Answer) -> bool:
    """Return whether *answer* is Lockstep's health, well or not: what else is there need not be asked of a stranger."""
    return isinstance(answer.json, dict) and {"status", "database"} <= answer.json.keys()


def _todo_of_health(answer: Answer) -> str:
    if not answer.status:
        return "See that the address is right, and that it is started: the platform's log and `lockstep boots` say how its boot went."
    if answer.status in _REDIRECTS:
        return "Name the address that it leads to, and let /api/health through: a platform's probe that is redirected counts as failed."
    if answer.status in _EDGE and not is_ours(answer):
        return "The edge answers, and nothing behind it: the platform's log and `lockstep boots` say how the boot went."
    if not is_ours(answer):
        return f"See that the address is right: what answers at {answer.url} is not Lockstep."
    return (
        f"Read {answer.url} and the log of that process; `lockstep boots` says how its boot went."
    )


def _of_health(answer: Answer, now: datetime) -> list[str]:
    body = answer.json
    if not answer.status:
        return [f"no answer from {answer.url}: {answer.error}"]
    if answer.status != 200 or not isinstance(body, dict):
        return [str(answer)]
    if set(body) != set(KEYS):
        return [f"the keys are {', '.join(sorted(body))}"]
    problems = [f"{name} is {body[name]!r}" for name, well in _WELL.items() if body[name] != well]
    if body["scheduler"] in _UNWELL:
        problems.append(f"scheduler is {body['scheduler']!r}")
    if not isinstance(body["uptime"], int | float) or body["uptime"] < 0:
        problems.append(f"uptime is {body['uptime']!r}")
    skew = _skew(body["timestamp"], now)
    if skew is None or abs(skew) > _LARGEST_SKEW:
        apart = f", {skew:+.0f} s from here" if skew is not None else ""
        problems.append(f"timestamp is {body['timestamp']!r}{apart}")
    return problems


def _skew(text: object, now: datetime) -> float | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (moment - now).total_seconds() if moment.tzinfo else None


def _words(body: Mapping[str, Any]) -> str:
    return (
        f"up for {body['uptime']:.0f} s, database {body['database']}, scheduler {body['scheduler']}"
    )


def boot(timelines: Sequence[Mapping[str, Any]]) -> Check:
    """Judge the boots that answered: each completed, all of one application and environment."""
    wanted = "every replica that answers has completed its boot"
    todo = "Read /api/boot and the log of that replica."
    outcomes = [(str(one.get("host")), str(one.get("outcome"))) for one in timelines]
    short = [f"{host}: {outcome}" for host, outcome in outcomes if outcome != "completed"]
    slowest = max((one["seconds"] for one in timelines if isinstance(one.get("seconds"), int | float)), default=0.0)  # fmt: skip
    ids = {one.get("boot_id") for one in timelines}
    replicas = (
        f"{len(ids)} replica{'s' * (len(ids) != 1)} answered, the slowest booted in {slowest:.2f} s"
    )
    saw = "; ".join(dict.fromkeys(short)) if short else replicas
    if not timelines:
        saw = "no boot record answers at /api/boot"
    return judged("boot", holds=bool(timelines) and not short, saw=saw, wanted=wanted, todo=todo)


def release(timelines: Sequence[Mapping[str, Any]], expected: str) -> Check:
    """Judge which release answers: this very one, from every replica."""
    names = sorted({str(one.get("release") or "none") for one in timelines})
    saw = f"release {', '.join(names)}" if names else "no boot record"
    if not expected:
        return skipped("release", saw, "the release that is expected", "Name it with --release.")
    holds = bool(names) and all(same_release(name, expected) for name in names)
    todo = "Wait for the deploy to end (--wait), or see why the platform keeps the old one."
    if names == ["none"]:
        todo = "The service does not know its release: set LOCKSTEP_RELEASE to the commit when it is built or started."
    return judged("release", holds=holds, saw=saw, wanted=f"release {expected} only", todo=todo)


def same_release(one: str, other: str) -> bool:
    """Return whether two names are the same release; of commits, one may be cut short."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _SHORTEST_REVISION and long.startswith(short))


def scheduler(before: Answer, after: Answer, name: str) -> Check:
    """Judge from two looks at ``/readyz`` whether the scheduler goes on ticking."""
    first, second = _service(before, name), _service(after, name)
    wanted = "its last tick moves on between two looks"
    if second is None:
        return skipped("scheduler", f"there is no service named {name}", wanted)
    ticks = [_details(one).get("last_tick") for one in (first, second)]
    saw = f"{second.get('word')}, last tick {ticks[1] or 'none'}, lag {_details(second).get('lag_seconds', '?')} s"
    if "last_tick" not in _details(second):
        well = bool(second.get("ok"))
        return judged(
            "scheduler",
            holds=well,
            saw=str(second.get("word")),
            wanted="it is well",
            todo="Read /readyz.",
        )
    moved = bool(second.get("ok")) and ticks[1] is not None and ticks[0] != ticks[1]
    return judged("scheduler", holds=moved, saw=saw, wanted=wanted, todo="Read /readyz and the scheduler's log lines.")  # fmt: skip


def _service(answer: Answer, name: str) -> Mapping[str, Any] | None:
    body = answer.json
    services = body.get("services") if isinstance(body, dict) else None
    found = services.get(name) if isinstance(services, dict) else None
    return found if isinstance(found, dict) else None


def _details(service: Mapping[str, Any] | None) -> Mapping[str, Any]:
    details = (service or {}).get("details")
    return details if isinstance(details, dict) else {}


def redirects(plain: Answer, plain_health: Answer) -> Check:
    """Judge what plain HTTP gets where HTTPS serves: pages are sent on to it, health is not."""
    sent_on = plain.status in _REDIRECTS and plain.headers.get("location", "").startswith("https:")
    pages = sent_on or not plain.status
    health_stays = plain_health.status not in _REDIRECTS
    saw = f"http: / {plain.status or plain.error}, /api/health {plain_health.status or plain_health.error}"
    todo = "Redirect pages to https, and let /api/health through: a platform's probe that is redirected counts as failed."
    return judged("redirects", holds=pages and health_stays, saw=saw, wanted="http is closed or sent on to https; health is answered, never redirected", todo=todo)  # fmt: skip


def certificate(days: float | None, error: str) -> Check:
    """Judge the certificate."""
    holds = days is not None and days >= _FEWEST_DAYS
    saw = f"valid for {days:.0f} days" if days is not None else error
    return judged("certificate", holds=holds, saw=saw, wanted=f"valid, and for {_FEWEST_DAYS} days more", todo="Renew it, or mend the chain.")  # fmt: skip


def headers(answer: Answer, *, secure: bool) -> Check:
    """Judge the headers of a page (OWASP Secure Headers Project)."""
    found = answer.headers
    policy = found.get("content-security-policy", "")
    there = {
        "X-Content-Type-Options: nosniff": found.get("x-content-type-options", "").lower() == "nosniff",
        "Content-Security-Policy": bool(policy),
        "frame-ancestors (or X-Frame-Options)": "frame-ancestors" in policy or "x-frame-options" in found,
        "Referrer-Policy": "referrer-policy" in found,
    }  # fmt: skip
    if secure:
        there["Strict-Transport-Security"] = "strict-transport-security" in found
    missing = [name for name, is_there in there.items() if not is_there]
    if not answer.status:
        missing = [answer.error]
    saw = f"missing: {', '.join(missing)}" if missing else f"all on {answer.url}"
    return judged("headers", holds=not missing, saw=saw, wanted=", ".join(there), todo="Send them with every answer of the application, or from the edge.")  # fmt: skip


def steady(statuses: Mapping[str, int], gap: float, seconds: float) -> Check:
    """Judge steady requests: how many ended how, and the longest time between two that were answered."""
    bad: Collection[str] = [name for name in statuses if not name.isdecimal() or name >= "500"]
    total = sum(statuses.values())
    counted = ", ".join(f"{count} x {name}" for name, count in sorted(statuses.items()))
    saw = f"{total} requests in {seconds:.0f} s: {counted}; longest gap {gap * 1000:.0f} ms"
    return judged("steady", holds=bool(total) and not bad, saw=saw, wanted="no request without an answer, none with 5xx", todo="Read the logs of the edge and of the replicas for these seconds.")  # fmt: skip


def utc_now() -> datetime:
    """Return the time here."""
    return datetime.now(UTC)
