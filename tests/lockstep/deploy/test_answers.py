"""What answers must be like: each judgement on what is well, and on each way in which it is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lockstep.deploy import answers
from lockstep.deploy.asking import Answer
from lockstep.deploy.checks import Check, verified
from lockstep.deploy.formats import data, junit, text

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WELL = {
    "status": "ok",
    "timestamp": "2026-11-22T12:00:00.500Z",
    "uptime": 3.2,
    "database": "ready",
    "scheduler": "initialized",
}
COMMIT = "4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d"


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer with a JSON body; underscores in names of headers are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("http://x/", status, named, json.dumps(body).encode(), 0.01)


@pytest.mark.parametrize("scheduler", ["initialized", "not configured", "whatever it calls it"])
def test_health_holds_where_all_is_well(scheduler: str) -> None:
    """The scheduler's word is its own; what the others say is fixed."""
    assert answers.health(answer(WELL | {"scheduler": scheduler}), NOW).result == "holds"


@pytest.mark.parametrize(
    ("body", "status", "seen"),
    [
        (WELL, 503, "503"),
        (WELL, 301, "301 to https://elsewhere/"),
        ("well", 200, '200 to https://elsewhere/ "well"'),
        (WELL | {"extra": 1}, 200, "the keys are database, extra"),
        ({k: v for k, v in WELL.items() if k != "uptime"}, 200, "the keys are"),
        (WELL | {"status": "degraded"}, 200, "status is 'degraded'"),
        (WELL | {"database": "unreachable"}, 200, "database is 'unreachable'"),
        (WELL | {"scheduler": "stalled"}, 200, "scheduler is 'stalled'"),
        (WELL | {"uptime": "long"}, 200, "uptime is 'long'"),
        (WELL | {"timestamp": "2026-11-22T12:05:00Z"}, 200, "+300 s from here"),
        (WELL | {"timestamp": "2026-11-22T12:00:00"}, 200, "timestamp is"),
        (WELL | {"timestamp": None}, 200, "timestamp is None"),
    ],
)
def test_health_fails_and_says_what_it_saw(body: Any, status: int, seen: str) -> None:
    """Status, keys, words, clock: whatever is not so is told, with what to do."""
    check = answers.health(answer(body, status, location="https://elsewhere/"), NOW)
    assert check.result == "fails"
    assert seen in check.saw
    assert check.todo


@pytest.mark.parametrize(
    ("found", "ours", "todo"),
    [
        (answer(WELL, 503), True, "Read http://x/"),
        (answer(WELL | {"status": "degraded"}), True, "Read http://x/"),
        (answer("Bad Gateway", 502), False, "The edge answers, and nothing behind it"),
        (answer("", 308, location="https://x/"), False, "Name the address that it leads to"),
        (answer({"ok": True}), False, "is not Lockstep"),
        (answer([]), False, "is not Lockstep"),
        (answer("login", 401), False, "is not Lockstep"),
        (Answer("http://x/", 0, {}, b"", 1, "TimeoutError: timed out"), False, "See that the address is right, and that it is started"),
    ],
)  # fmt: skip
def test_what_is_not_lockstep_s_health_is_told_apart(found: Answer, ours: bool, todo: str) -> None:
    """Each has its own next step; where nothing answers, the address is named."""
    check = answers.health(found, NOW)
    assert (check.result, answers.is_ours(found)) == ("fails", ours)
    assert check.todo.startswith(todo) or todo in check.todo
    assert found.status or check.saw == "no answer from http://x/: TimeoutError: timed out"


def test_a_release_is_a_commit_or_the_beginning_of_one() -> None:
    """Every replica must be of it; one that does not say which it is gets its own advice."""
    one = {"release": COMMIT, "boot_id": "a", "outcome": "completed"}
    assert answers.release([one, one], COMMIT[:7]).result == "holds"
    assert answers.release([one], COMMIT[:6]).result == "fails"
    assert answers.release([one, {**one, "release": "v1"}], COMMIT).result == "fails"
    assert "LOCKSTEP_RELEASE" in answers.release([{**one, "release": ""}], COMMIT).todo
    assert answers.release([], COMMIT).result == "fails"
    assert answers.release([one], "").result == "skipped"


def test_a_boot_that_is_not_complete_is_named_with_its_host() -> None:
    """All that answered must have completed; nobody's answer is no proof."""
    done = {"boot_id": "a", "host": "h1", "outcome": "completed", "seconds": 1.5}
    assert answers.boot([done, {**done, "boot_id": "b"}]).saw.startswith("2 replicas answered")
    assert "h2: failed" in answers.boot([done, {"host": "h2", "outcome": "failed"}]).saw
    assert answers.boot([{**done, "seconds": "soon"}]).result == "holds"
    assert answers.boot([]).saw == "no boot record answers at /api/boot"
    assert answers.boot([]).result == "fails"


def readiness(tick: str | None, *, ok: bool = True) -> Answer:
    """What ``/readyz`` says of a scheduler that ticked then."""
    details = {"last_tick": tick, "lag_seconds": 0.1}
    service = {"state": "ready", "ok": ok, "word": "initialized", "details": details}
    return answer({"status": "ready", "services": {"scheduler": service}})


def test_a_scheduler_must_go_on_ticking() -> None:
    """Two looks with the same tick, none at all, or one that is unwell: it fails; without a scheduler there is nothing to see."""
    judge = answers.scheduler
    assert judge(readiness("1"), readiness("2"), "scheduler").result == "holds"
    assert judge(readiness("1"), readiness("1"), "scheduler").result == "fails"
    assert judge(readiness(None), readiness(None), "scheduler").result == "fails"
    assert judge(readiness("1"), readiness("2", ok=False), "scheduler").result == "fails"
    assert judge(readiness("1"), answer({"services": {}}), "scheduler").result == "skipped"
    for strange in ([], {"services": [1]}, {"services": {"scheduler": 1}}):
        assert judge(readiness("1"), answer(strange), "scheduler").result == "skipped"
    bare = answer({"services": {"scheduler": {"ok": True, "word": "well", "details": "many"}}})
    assert judge(bare, bare, "scheduler").result == "holds"


@pytest.mark.parametrize(
    ("page", "health", "result"),
    [
        (answer("", 308, location="https://x/"), answer(WELL), "holds"),
        (Answer("", 0, {}, b"", 0, "refused"), Answer("", 0, {}, b"", 0, "refused"), "holds"),
        (answer("", 200), answer(WELL), "fails"),
        (answer("", 301, location="http://x/"), answer(WELL), "fails"),
        (answer("", 301, location="https://x/"), answer("", 301, location="https://x/"), "fails"),
    ],
)
def test_pages_are_sent_on_to_https_and_health_is_not(
    page: Answer, health: Answer, result: str
) -> None:
    """Plain HTTP is closed, or sends pages on; a probe is never redirected."""
    assert answers.redirects(page, health).result == result


def test_a_missing_header_is_named() -> None:
    """HSTS only where TLS serves; X-Frame-Options does for frame-ancestors."""
    good = answer(
        "",
        x_content_type_options="nosniff",
        content_security_policy="default-src 'self'; frame-ancestors 'none'",
        referrer_policy="same-origin",
    )
    assert answers.headers(good, secure=False).result == "holds"
    assert answers.headers(good, secure=True).saw == "missing: Strict-Transport-Security"
    assert "frame-ancestors" in answers.headers(answer("", content_security_policy="x"), secure=False).saw  # fmt: skip


@pytest.mark.parametrize(
    ("endings", "result"),
    [
        ({"200": 9, "404": 1}, "holds"),
        ({"200": 9, "502": 1}, "fails"),
        ({"200": 9, "TimeoutError": 1}, "fails"),
        ({}, "fails"),
    ],
)
def test_one_error_among_steady_requests_is_too_many(endings: dict[str, int], result: str) -> None:
    """A 5xx or no answer at all fails; what the application itself refuses does not."""
    assert answers.steady(endings, 0.2, 10).result == result


def test_every_form_tells_the_same() -> None:
    """Text, JSON and JUnit hold what was seen, wanted and to be done; hostile texts break none of them."""
    checks = [
        Check("health", "holds", "200", "well"),
        Check("release", "fails", 'saw <b> & "x"\x00', "a release", "wait"),
        Check("websocket", "skipped", "no address", "an upgrade"),
    ]
    assert not verified(checks)
    assert json.loads(data.render(checks, "u"))["checks"][1]["todo"] == "wait"
    assert 'failures="1" skipped="1"' in junit.render(checks, "u")
    assert "&lt;b&gt; &amp;" in junit.render(checks, "u")
    shown = text.render(checks, "u", Plain())
    assert "u: not verified: 1 hold, 1 fail, 1 were not looked at" in shown
    assert "next    wait" in shown


class Plain:
    """No colours."""

    def red(self, text: str, /) -> str:
        """Return it."""
        return text

    green = yellow = dim = red
