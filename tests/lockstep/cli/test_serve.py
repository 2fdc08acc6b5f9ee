"""``lockstep serve TARGET``: what can be served, and how a target that cannot is explained, with the user's own line."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from lockstep.testing import Finished, Project, finish

PLAIN = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})

class Namespace:
    app = staticmethod(app)

number = 3
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """A project with one migration and a plain ASGI application."""
    project.migration("0001_create_content.sql", "CREATE TABLE IF NOT EXISTS content (id bigint);")
    (project.root / "shop.py").write_text(PLAIN)
    return project


@contextlib.contextmanager
def serving(project: Project, *arguments: str, **environment: str) -> Iterator[str]:
    """Serve during the block; the address. The process must then stop in good order."""
    process = project.start("serve", *arguments, "--json", **environment)
    try:
        assert process.stdout is not None
        events = map(json.loads, iter(process.stdout.readline, ""))
        yield next(event["url"] for event in events if event["event"] == "HttpListening")
        process.send_signal(signal.SIGTERM)
        ended = finish(process)
        assert ended.status == 0, ended.stderr
    finally:
        process.kill()
        process.communicate()


def get(url: str) -> tuple[int, str]:
    """Return status and body."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("target", ["shop:app", "shop:Namespace.app"])
def test_a_plain_asgi_application_is_served(shop: Project, target: str) -> None:
    """No Application is needed: the schema, then its lifespan, then HTTP; health comes with it."""
    with serving(shop, target, "--port", "0") as url:
        assert get(f"{url}/any/where") == (200, "/any/where")
        status, body = get(f"{url}/api/health")
        health = json.loads(body)
        assert (status, health["status"], health["scheduler"]) == (200, "ok", "not configured")
    with psycopg.connect(shop.database) as connection:
        assert connection.execute("SELECT app FROM lockstep.ledger").fetchall() == [("shop",)]


def test_the_target_may_stand_in_the_settings(shop: Project) -> None:
    """So that a container's command is just ``lockstep serve``."""
    (shop.root / "lockstep.toml").write_text('app = "corner"\napplication = "shop:app"\n')

    with serving(shop, PORT="0") as url:
        assert get(f"{url}/x") == (200, "/x")


def test_port_zero_finds_a_free_port(shop: Project) -> None:
    """Two at once get two, and each says which."""
    with (
        serving(shop, "shop:app", "--port", "0") as one,
        serving(shop, "shop:app", "--port", "0") as two,
    ):
        assert urlsplit(one).port != urlsplit(two).port
        assert get(f"{one}/x") == get(f"{two}/x") == (200, "/x")
        assert urlsplit(one).hostname == "127.0.0.1"


def has_ipv6() -> bool:
    """True where this machine has an IPv6 loopback."""
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


@pytest.mark.parametrize("environment", ["development", "production"])
def test_production_listens_on_all_addresses(shop: Project, environment: str) -> None:
    """Of both families, as platforms' networks need it; development keeps to the machine."""
    with serving(shop, "shop:app", "--port", "0", LOCKSTEP_ENV=environment) as url:
        port = urlsplit(url).port
        found = {address: answers(address, port) for address in ("127.0.0.1", "::1", "127.0.0.2")}

    production = environment == "production"
    assert found == {
        "127.0.0.1": True,
        "::1": production and has_ipv6(),
        "127.0.0.2": production,
    }


def answers(address: str, port: int | None) -> bool:
    """True if HTTP is answered there."""
    connection = http.client.HTTPConnection(address, port, timeout=30)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


WRONG: dict[str, tuple[str, str, str]] = {
    "": ("", "no application is named", ""),
    "shop": ("", "'shop' does not name an application", ""),
    "shop:": ("", "'shop:' does not name an application", ""),
    "nowhere:app": ("", "nowhere:app cannot be imported: ModuleNotFoundError", ""),
    "shop:nothing": ("", "shop:nothing cannot be imported: AttributeError", ""),
    "shop:number": ("", "shop:number is neither an Application nor an ASGI application but int", ""),
    "broken:app": ("import json\n\njson.loads('{')\n", "JSONDecodeError", "broken.py:3"),
    "nested:app": ("def f():\n    import no_such_module\n\nf()\n", "No module named 'no_such_module'", "nested.py:2"),
    "typo:app": ("app = (\n", "SyntaxError", "typo.py:1"),
    "leaving:app": ("import sys\nsys.exit(0)\n", "SystemExit: 0", "leaving.py:2"),
    "named:app": ("import lockstep\n\napp = lockstep.Application(nam='x')\n", "TypeError", "named.py:3"),
}  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("target", WRONG, ids=lambda target: target or "none")
def test_a_wrong_target_is_explained(shop: Project, target: str) -> None:
    """Exit 78 before anything was touched, even if the module would exit with 0; the user's line, and no traceback."""
    text, said, where = WRONG[target]
    if text:
        (shop.root / f"{target.partition(':')[0]}.py").write_text(text)
    ended = shop.run("serve", *[target] * bool(target), "--port", "0")

    assert (ended.status, ended.stdout) == (78, "")
    assert said in ended.stderr
    assert (f"  where  {shop.root.resolve()}/{where}" in ended.stderr) == bool(where)
    assert "Traceback" not in ended.stderr
    with psycopg.connect(shop.database) as connection:
        assert connection.execute("SELECT to_regclass('content')").fetchone() == (None,)


def test_the_traceback_of_a_broken_module_is_behind_verbose(shop: Project) -> None:
    """Once, after the message, on stderr also with --json."""
    (shop.root / "broken.py").write_text(WRONG["broken:app"][0])
    text = shop.run("serve", "broken:app", "--verbose")
    data = shop.run("serve", "broken:app", "--verbose", "--json")

    assert text.stderr.count("Traceback") == data.stderr.count("Traceback") == 1
    assert text.stderr.index("LS101 Refused") < text.stderr.index("Traceback")
    assert data.error["code"] == "LS101"
    assert 'broken.py", line 3' in data.stderr


APPLICATIONS: dict[str, tuple[str, str]] = {
    "two of a name": ("services=(Part('a'), Part('a'))", "2 services are named 'a'"),
    "a cycle": ("services=(Part('a', 'b'), Part('b', 'a'))", "services wait for each other: a → b → a"),
    "an unknown name": ("services=(Part('a', 'nobody'),)", "service 'a' comes after 'nobody', which is not a service"),
}  # fmt: skip
PART = """
import lockstep

class Part:
    critical, needs = True, lockstep.Needs()

    def __init__(self, name, *after):
        self.name, self.after = name, after

app = lockstep.Application(name="shop", {})
"""


@pytest.mark.parametrize("case", APPLICATIONS)
def test_services_without_an_order_are_refused_before_any_migration(
    shop: Project, case: str
) -> None:
    """In step 0: exit 78, with every reason."""
    arguments, said = APPLICATIONS[case]
    (shop.root / "parts.py").write_text(PART.format(arguments))

    ended = shop.run("serve", "parts:app", "--json", "--port", "0")

    assert (ended.status, ended.error["code"]) == (78, "LS101")
    assert said in [problem["what"] for problem in ended.error["problems"]]
    assert steps(ended) == ["preflight"]


def steps(ended: Finished) -> list[Any]:
    """Return the steps that had begun."""
    return [event["step"] for event in ended.events if event["event"] == "StepBegun"]


def test_a_taken_port_is_found_before_any_migration(shop: Project) -> None:
    """Exit 73, naming the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = shop.run("serve", "shop:app", "--json", "--port", str(port))

    assert (ended.status, ended.error["code"]) == (73, "LS102")
    assert f"port {port}" in ended.error["what"]
    assert steps(ended) == ["preflight"]
