"""What health says: pure functions, so every combination can be looked at."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.application import ServiceHealth, ServiceState
from lockstep.health.evidence import DatabaseWord
from lockstep.health.report import report_health, report_readiness, report_startup

FINE = ServiceHealth(ok=True)
DATABASE_WORDS: list[DatabaseWord] = ["ready", "slow", "unreachable"]


def health(
    healths: dict[str, ServiceHealth] | None = None,
    states: dict[str, ServiceState] | None = None,
    *,
    database: DatabaseWord = "ready",
    stopping: bool = False,
) -> tuple[int, dict[str, Any]]:
    """Return the report of a process with a scheduler, fine unless told otherwise."""
    return report_health(
        healths={"scheduler": FINE} if healths is None else healths,
        states={"scheduler": ServiceState.READY} if states is None else states,
        health_service="scheduler",
        database=database,
        stopping=stopping,
        timestamp="2026-11-22T09:45:00.000Z",
        uptime=12.34567,
    )


def test_a_healthy_process_answers_to_the_letter() -> None:
    """These keys and no others, in this order: a contract with whoever asks."""
    status, body = health()
    assert status == 200
    assert list(body.items()) == [
        ("status", "ok"),
        ("timestamp", "2026-11-22T09:45:00.000Z"),
        ("uptime", 12.346),
        ("database", "ready"),
        ("scheduler", "initialized"),
    ]


def test_an_application_without_that_service_is_healthy_too() -> None:
    """What was never configured cannot be missing."""
    status, body = health(healths={}, states={})
    assert (status, body["status"], body["scheduler"]) == (200, "ok", "not configured")


@pytest.mark.parametrize(
    ("database", "word"), [("ready", "ok"), ("slow", "degraded"), ("unreachable", "error")]
)
def test_the_database_decides(database: DatabaseWord, word: str) -> None:
    """No answer in time is not a pass."""
    status, body = health(database=database)
    assert (status, body["status"], body["database"]) == (
        200 if word == "ok" else 503,
        word,
        database,
    )


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (ServiceHealth(ok=False), "failing"),
        (ServiceHealth(ok=False, word="behind by 40 s"), "behind by 40 s"),
        (ServiceHealth(ok=False, word="degraded"), "degraded"),
        (ServiceHealth(ok=True, word="polling"), "polling"),
    ],
)
def test_a_service_that_is_not_well_never_shows_the_good_word(
    said: ServiceHealth, word: str
) -> None:
    """A service may say what it likes, but not `initialized` while it fails."""
    status, body = health(healths={"scheduler": said})
    assert (status, body["scheduler"]) == (200 if said.ok else 503, word)


def test_another_service_that_is_not_well_is_said_so() -> None:
    """The keys do not name it, the status does; `/readyz` has the details."""
    status, body = health(
        healths={"scheduler": FINE, "mail": ServiceHealth(ok=False, word="degraded")}
    )
    assert (status, body["status"], body["scheduler"]) == (503, "degraded", "initialized")


def test_a_failed_service_is_an_error() -> None:
    """A critical service that ended is about to end the process."""
    failed = {"scheduler": ServiceHealth(ok=False, word="failed")}
    status, body = health(failed, {"scheduler": ServiceState.FAILED})
    assert (status, body["status"], body["scheduler"]) == (503, "error", "failed")


def test_stopping_goes_before_all_else() -> None:
    """From the moment a stop begins no traffic is wanted, however well all is."""
    status, body = health(stopping=True)
    assert (status, body["status"], body["database"]) == (503, "stopping", "ready")


@given(
    st.dictionaries(st.sampled_from(["scheduler", "mail"]), st.sampled_from(ServiceState)),
    st.booleans(),
    st.sampled_from(DATABASE_WORDS),
    st.booleans(),
)
def test_ok_means_that_everything_is(
    states: dict[str, ServiceState], ok: bool, database: DatabaseWord, stopping: bool
) -> None:
    """200 goes with `ok`, and both with every single fact being good."""
    healths = {
        name: ServiceHealth(ok=ok)
        if state is ServiceState.READY
        else ServiceHealth(ok=False, word=state.value)
        for name, state in states.items()
    }
    status, body = health(healths, states, database=database, stopping=stopping)
    good = database == "ready" and not stopping and all(h.ok for h in healths.values())
    assert (status == 200) == (body["status"] == "ok") == good


def test_readiness_lists_every_service() -> None:
    """A degraded one leaves the process ready: the application goes on without it."""
    status, body = report_readiness(
        states={"queue": ServiceState.READY, "mail": ServiceState.DEGRADED},
        healths={
            "queue": ServiceHealth(ok=True, details={"waiting": 3}),
            "mail": ServiceHealth(ok=False, word="degraded", details={"reason": "no route"}),
        },
        stopping=False,
    )
    assert status == 200
    assert body == {
        "status": "ready",
        "services": {
            "queue": {
                "state": "ready",
                "ok": True,
                "word": "initialized",
                "details": {"waiting": 3},
            },
            "mail": {
                "state": "degraded",
                "ok": False,
                "word": "degraded",
                "details": {"reason": "no route"},
            },
        },
    }


@pytest.mark.parametrize("state", ServiceState)
def test_readiness_needs_every_service_up_or_given_up(state: ServiceState) -> None:
    """Waiting, starting, stopping, stopped and failed services make the process not ready."""
    status, _ = report_readiness(states={"a": state}, healths={"a": FINE}, stopping=False)
    assert (status == 200) == (state in {ServiceState.READY, ServiceState.DEGRADED})


def test_readiness_is_off_while_stopping() -> None:
    """The load balancer looks elsewhere before the first connection is refused."""
    status, body = report_readiness(
        states={"a": ServiceState.READY}, healths={"a": FINE}, stopping=True
    )
    assert (status, body["status"]) == (503, "stopping")


@pytest.mark.parametrize(
    ("phase", "status"),
    [("migrate", 503), ("services", 503), ("failed", 503), ("HTTP", 200), ("ready", 200)],
)
def test_start_up_shows_the_phase(phase: str, status: int) -> None:
    """Who is answered over HTTP has found the sockets of step 7 listening."""
    assert report_startup(phase) == (status, {"phase": phase})
