"""Services in a whole process: what clients, operators and the record see when one fails, ends, or is told to stop."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockstep.testing import Finished, Project, until

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer

    Launch = Callable[..., Launched]

CONTENT = "CREATE TABLE IF NOT EXISTS content (id bigint, lease_until timestamptz);"
FIRST, SECOND = {"name": "first"}, {"name": "second", "after": ["first"]}


class Shop:
    """The application of ``shop.py``, in a project of its own."""

    def __init__(self, project: Project, launch: Launch) -> None:
        self._root = project.root
        self._launch = launch
        project.migration("0001_create_content.sql", CONTENT)
        shutil.copy(Path(__file__).with_name("shop.py"), project.root)

    def serve(
        self, *services: dict[str, Any], factory: str = "", port: int = 0, **environment: str
    ) -> Launched:
        """Start it with these services."""
        shop = json.dumps({"services": services, "factory": factory})
        return self._launch(
            "serve", "shop:application", "--port", str(port), SHOP=shop, **environment
        )

    def notes(self) -> list[str]:
        """Return what the application noted, but for the names that its connections bear."""
        notes = self._root / "notes.txt"
        lines = notes.read_text().splitlines() if notes.exists() else []
        return [line for line in lines if " is known as " not in line]

    def release(self) -> None:
        """Let the request at /wait be answered."""
        (self._root / "release").touch()


@pytest.fixture
def shop(project: Project, launch: Launch) -> Shop:
    """The shop."""
    return Shop(project, launch)


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def knocking(port: int) -> Iterator[list[str]]:
    """Knock at the port without pause, from before the boot until after it; what came of it."""
    answers: list[str] = []
    stop = threading.Event()

    def knock() -> None:
        while not stop.is_set():
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                answers.append("connected")
            except OSError as error:
                answers.append(type(error).__name__)
            stop.wait(0.002)

    thread = threading.Thread(target=knock)
    thread.start()
    yield answers
    stop.set()
    thread.join()


def get(url: str) -> tuple[int, bytes]:
    """Return status and body."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def fails(url: str) -> None:
    """Ask, and be cut off."""
    with pytest.raises(OSError, match=r"reset|closed|without response"):
        get(url)


def connects(port: int) -> bool:
    """True if somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def place(ended: Finished) -> str:
    """Return the line that the error points at."""
    file, _, line = ended.error["where"].rpartition(":")
    return Path(file).read_text().splitlines()[int(line) - 1].strip()


def names_after(events: list[dict[str, Any]], name: str) -> list[str]:
    """Return the names of the events that follow *name*."""
    found = [event["event"] for event in events]
    return found[found.index(name) + 1 :]


def test_a_critical_service_that_fails_ends_the_boot(
    shop: Shop, observer: Observer, port: int, knocking: list[str]
) -> None:
    """Exit 70, those that started stopped in reverse, HTTP never open; the migrations stay."""
    third = {"name": "third", "start": "fail"}
    ended = shop.serve(FIRST, SECOND, third, {"name": "fourth"}, port=port).finish()

    assert ended.status == 70, ended.stderr
    assert shop.notes() == [
        *("start first", "start second", "start third"),
        *("stop second", "stop first"),
    ]
    assert set(knocking) == {"ConnectionRefusedError"}
    assert (ended.error["code"], ended.error["why"]) == ("LS603", "RuntimeError: no such queue")
    assert place(ended) == 'raise RuntimeError("no such queue")'
    assert observer.rows("SELECT name FROM lockstep.ledger") == ["0001_create_content.sql"]
    assert observer.rows("SELECT outcome, step, error_code FROM lockstep.boots") == [
        ("failed", "services", "LS603")
    ]


@pytest.mark.parametrize(("broken", "word"), [("mail", "initialized"), ("scheduler", "degraded")])
def test_a_service_that_is_not_critical_degrades_and_health_says_so(
    shop: Shop, broken: str, word: str
) -> None:
    """The application serves without it: ready for traffic, yet not in health, in exactly the agreed words."""
    services = [{"name": "mail", "critical": False}, {"name": "scheduler", "critical": False}]
    for service in services:
        service["start"] = "fail" if service["name"] == broken else "query"
    serving = shop.serve(FIRST, *services, {"name": "news", "after": [broken], "critical": False})
    url = serving.event("HttpListening")["url"]
    serving.event("BootCompleted")

    status, body = get(f"{url}/api/health")
    health = json.loads(body)

    assert status == 503
    assert set(health) == {"status", "timestamp", "uptime", "database", "scheduler"}
    assert (health["status"], health["database"], health["scheduler"]) == (
        "degraded",
        "ready",
        word,
    )
    status, body = get(f"{url}/readyz")
    ready = json.loads(body)
    assert (status, ready["status"]) == (200, "ready")
    found = {name: (s["state"], s["ok"]) for name, s in ready["services"].items()}
    assert found["first"] == ("ready", True)
    assert found[broken] == found["news"] == ("degraded", False)
    assert ready["services"][broken]["details"] == {"reason": "RuntimeError: no such queue"}
    assert get(f"{url}/")[1] == b"sold"
    serving.signal(signal.SIGTERM)
    ended = serving.finish()
    assert ended.status == 0
    (services_step,) = [
        e for e in ended.events if e["event"] == "StepDone" and e["step"] == "services"
    ]
    assert services_step["note"] == "2 started, 2 degraded"


def test_a_critical_service_that_ends_later_ends_the_process_in_order(
    shop: Shop, observer: Observer
) -> None:
    """Exit 70 after an orderly stop; the boot was complete and stays so in the record."""
    serving = shop.serve({"name": "queue", "start": "run"}, SECOND | {"after": ["queue"]})
    url = serving.event("HttpListening")["url"]
    serving.event("BootCompleted")
    assert get(f"{url}/end")[0] == 200

    ended = serving.finish()

    assert ended.status == 70
    assert shop.notes()[-2:] == ["stop second", "stop queue"]
    assert names_after(ended.events, "BootCompleted") == [
        *("Stopping", "ServiceStopped", "ServiceStopped", "Stopped", "Error"),
    ]
    assert ended.error["code"] == "LS603"
    assert ended.error["what"] == "service 'queue' ended while it was needed"
    assert observer.outcomes() == ["completed"]


def test_sigterm_lets_the_request_in_flight_finish(shop: Shop, port: int) -> None:
    """Nobody new is let in, the request is answered, only then do the services stop, in reverse; exit 0."""
    serving = shop.serve(FIRST, SECOND, port=port)
    url = serving.event("HttpListening")["url"]
    serving.event("BootCompleted")
    answers: list[tuple[int, bytes]] = []
    request = threading.Thread(target=lambda: answers.append(get(f"{url}/wait")))
    request.start()
    until(lambda: "a request waits" in shop.notes())

    serving.signal(signal.SIGTERM)
    serving.event("Stopping")
    until(lambda: not connects(port), what="the port is closed")
    assert shop.notes()[-1] == "a request waits"
    assert answers == []
    shop.release()
    request.join()

    assert answers == [(200, b"sold")]
    ended = serving.finish()
    assert ended.status == 0
    assert shop.notes()[-2:] == ["stop second", "stop first"]
    assert names_after(ended.events, "Stopping") == [
        *("ServiceStopped", "ServiceStopped", "Stopped"),
    ]


def test_a_second_sigterm_ends_the_process_at_once(shop: Shop) -> None:
    """However long a request or a service may still take: the deadlines here would outlast the test."""
    serving = shop.serve(
        *({"name": "stuck", "stop": "hang"}, SECOND | {"after": []}),
        LOCKSTEP_DRAIN_TIMEOUT="1h",
        LOCKSTEP_STOP_TIMEOUT="1h",
    )
    url = serving.event("HttpListening")["url"]
    serving.event("BootCompleted")
    request = threading.Thread(target=fails, args=[f"{url}/wait"])
    request.start()
    until(lambda: "a request waits" in shop.notes())

    serving.signal(signal.SIGTERM)
    serving.event("Stopping")
    serving.signal(signal.SIGTERM)

    assert serving.finish().status == 143
    request.join()
    assert "stop stuck" in shop.notes()


def test_requests_that_outlast_the_drain_are_cut_off_and_counted(shop: Shop) -> None:
    """The stop goes on, and says what it cost."""
    serving = shop.serve(FIRST, LOCKSTEP_DRAIN_TIMEOUT="50ms")
    url = serving.event("HttpListening")["url"]
    serving.event("BootCompleted")
    request = threading.Thread(target=fails, args=[f"{url}/wait"])
    request.start()
    until(lambda: "a request waits" in shop.notes())
    serving.signal(signal.SIGTERM)

    ended = serving.finish()

    request.join()
    assert ended.status == 0
    assert ended.events[-1]["event"] == "Stopped"
    assert ended.events[-1]["problems"] == ["requests in flight that were cut off after 0.05 s: 1"]
    assert shop.notes()[-1] == "stop first"


def test_what_ignores_being_cancelled_does_not_keep_the_process(shop: Shop) -> None:
    """A task that clings and a thread that never ends are named and left behind; the stop was orderly: exit 0."""
    serving = shop.serve(
        {"name": "limpet", "start": "cling"}, {"name": "looper", "start": "thread"}
    )
    serving.event("BootCompleted")
    serving.signal(signal.SIGTERM)

    ended = serving.finish()

    assert ended.status == 0
    assert names_after(ended.events, "Stopped") == ["LeftBehind"]
    assert "left without waiting for: endless" in ended.stderr


def test_unmet_needs_end_the_boot_before_any_service_starts(
    shop: Shop, project: Project, observer: Observer
) -> None:
    """Exit 79 naming service, table and column, and the file that should have made it."""
    assert project.run("up", LOCKSTEP_APP="shop").status == 0
    observer.rows("ALTER TABLE content DROP COLUMN lease_until")
    needs = {"content": ["id", "lease_until"], "orders": []}

    ended = shop.serve(FIRST, {"name": "scheduler", "needs": needs}).finish()

    assert ended.status == 79
    assert shop.notes() == []
    assert [(p["what"], p["next"]) for p in ended.error["problems"]] == [
        (
            "service 'scheduler' needs column content.lease_until",
            "0001_create_content.sql should have made it",
        ),
        ("service 'scheduler' needs table orders", "no migration makes it"),
    ]
    assert "HttpListening" not in [event["event"] for event in ended.events]


def test_sigterm_while_a_service_starts_stops_what_had_started(
    shop: Shop, observer: Observer
) -> None:
    """Exit 143; the one that was starting is cancelled, those before it are stopped, the record says interrupted."""
    serving = shop.serve(FIRST, {"name": "slow", "start": "hang"})
    until(lambda: "start slow" in shop.notes())
    serving.signal(signal.SIGTERM)

    ended = serving.finish()

    assert (ended.status, ended.error["code"]) == (143, "LS901")
    assert shop.notes() == ["start first", "start slow", "stop first"]
    assert observer.outcomes() == ["interrupted"]


@pytest.mark.parametrize(
    ("factory", "why"), [("fail", "KeyError: 'no such template'"), ("exit", "SystemExit: 0")]
)
def test_an_http_factory_that_fails_ends_the_boot(
    shop: Shop, factory: str, why: str, port: int, knocking: list[str]
) -> None:
    """It is called last, when all services are ready; whatever it raises, even an exit with 0, ends with 70."""
    ended = shop.serve(FIRST, factory=factory, port=port).finish()

    assert (ended.status, ended.error["code"], ended.error["why"]) == (70, "LS701", why)
    assert place(ended).startswith("raise ")
    assert shop.notes() == ["start first", "http, database ready: True", "stop first"]
    assert set(knocking) == {"ConnectionRefusedError"}
