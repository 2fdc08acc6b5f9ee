"""Requests made up from the OpenAPI document itself, valid and invalid: never a 500, and no answer that the document does not name.

Schemathesis asks over a real socket, signed in as an operator with the proof that writes are meant. What it makes of a seed is
the same every time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lockstep import Database
from lockstep.testing import until
from studio.accounts.passwords import Passwords
from studio.accounts.store import AccountStore
from studio.assembly import make_parts
from studio.http_api.app import create_app
from studio.secrets import Sealer
from studio.settings import Settings

pytestmark = pytest.mark.long  # every page, field or operation; `make long`

PASSWORD = "a long and quiet evening"
ENDING = ("register", "login", "logout", "change_password", "revoke_session")
"""What would end the session that asks: it is asked for without one."""
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance",
)  # fmt: skip
# Some of what is made up is refused; all of it would be, were it not for the session.
LEAST_TAKEN = 0.15


@dataclass(slots=True)
class Instance:
    """A studio on a socket, and how often it gave which answer."""

    url: str = ""
    answers: Counter[int] = field(default_factory=Counter)

    def counting(self, app: ASGIApp) -> ASGIApp:
        """Return *app* with its answers counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.answers[message["status"]] += 1
                await send(message)

            await app(scope, receive, noted)

        return counted


@contextmanager
def served(conninfo: str) -> Iterator[Instance]:
    """Serve the studio in a thread of its own; there is an operator, dana@example.com."""
    instance, config = Instance(), uvicorn.Config("", port=0, log_config=None, ws="none")
    server = uvicorn.Server(config)

    async def serve() -> None:
        database = Database(max_size=4)
        await database.open(conninfo, "studio")
        settings = Settings(sign_in_attempts=1000, address_attempts=1_000_000)
        parts = make_parts(settings, database, Sealer([bytes(32)]))
        accounts = AccountStore(database, Passwords(time_cost=1, memory_kib=8))
        await accounts.create("dana@example.com", PASSWORD, role="admin")
        await parts.live.start(database)
        try:
            app = create_app(dataclasses.replace(parts, accounts=accounts))
            config.app = instance.counting(app)
            await server.serve()
        finally:
            await parts.live.stop()
            await database.close()

    thread = threading.Thread(target=asyncio.run, args=[serve()], name="studio")
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive(), what="the studio to listen")
        port = server.servers[0].sockets[0].getsockname()[1]
        instance.url = f"http://127.0.0.1:{port}"
        yield instance
    finally:
        server.should_exit = True
        thread.join(60)


def ask(url: str, root: Path, *arguments: str) -> None:
    """Have Schemathesis ask; what it finds fails the test, with the command that asks again."""
    command = [
        str(Path(sys.executable).with_name("st")), "run", f"{url}/openapi.json", "--seed", "1",
        "--checks", ",".join(CHECKS), "--continue-on-failure", "--no-shrink", "--warnings", "off",
        "--suppress-health-check", "all", "--generation-database", "none", "--no-color", *arguments,
    ]  # fmt: skip
    done = subprocess.run(
        command, check=False, cwd=root, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]


def signed_in(url: str) -> list[str]:
    """Sign in; return the arguments that send a session with its token, and what ends none."""
    body = {"email": "dana@example.com", "password": PASSWORD}
    answer = httpx.post(f"{url}/api/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    cookies = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
    headers = {
        "Cookie": cookies,
        "X-CSRF-Token": answer.json()["csrf_token"],
        "If-Match": "*",
    }
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    return given + [part for name in ENDING for part in ("--exclude-operation-id", name)]


@pytest.mark.parametrize(
    ("phases", "examples"),
    [
        ("examples,fuzzing", 2),
        pytest.param(
            "examples,coverage,fuzzing,stateful",
            40,
            marks=[pytest.mark.long, pytest.mark.timeout(900)],
        ),
    ],
)
def test_every_answer_is_one_that_the_document_names(
    at_head: str, tmp_path: Path, phases: str, examples: int
) -> None:
    """Statuses, content types and bodies, of what is asked with a session and of what would end one; much of it is taken."""
    how = ("--phases", phases, "--max-examples", str(examples))
    with served(at_head) as instance:
        ask(instance.url, tmp_path, *how, *signed_in(instance.url))
        answers = instance.answers.copy()
        only = [part for name in ENDING for part in ("--include-operation-id", name)]
        ask(instance.url, tmp_path, *how, *only)
    taken = sum(count for status, count in answers.items() if status < 300)
    assert taken > LEAST_TAKEN * answers.total(), answers
    assert answers[401] < answers.total() / 50, answers
