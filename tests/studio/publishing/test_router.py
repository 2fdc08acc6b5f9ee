"""Each piece of content goes where its user's account, or its project, says: on the real database, to a real receiver."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from lockstep import Database
from studio.content.model import Claim, Receipt
from studio.publishing.delivery import Courier
from studio.publishing.destinations import NEEDS, QUERIES, Destinations
from studio.publishing.publishers import NowherePublisher, Publisher, Rejected, TryLater
from studio.publishing.router import Router
from studio.publishing.signing import signature
from studio.secrets import Sealer, context_of_token
from studio.storage import StoreUnavailable

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

SEALER = Sealer([bytes(32)])
SECRET = "whsec_c2VjcmV0"


class Hook(ThreadingHTTPServer):
    """A receiver of webhooks: what it was sent, and what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiving)
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answer: tuple[int, dict[str, Any]] = 200, {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/hook"


class Receiving(BaseHTTPRequestHandler):
    """Keeps a request, gives the answer."""

    server: Hook

    def do_POST(self) -> None:
        """Take a message."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
        status, said = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_arguments: Any) -> None:
        """Be silent."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A receiver that runs."""
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def connect(shelf: Shelf, metadata: dict[str, Any], **columns: Any) -> None:
    """Connect an account of the user's to Instagram; its token is sealed as the studio seals it."""
    account = columns.pop("account_id", "42")
    token = columns.pop("token", SECRET)
    context = context_of_token("u", "instagram", account, "access_token")
    values = {
        "user_id": "u",
        "platform": "instagram",
        "account_id": account,
        "account_name": "Bread",
        "access_token": SEALER.seal(token, context) if token else None,
        "metadata": json.dumps(metadata),
        **columns,
    }
    names = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    shelf.run(f"insert into social_accounts ({names}) values ({places})", *values.values())


def publish(conninfo: str, content: int, *, otherwise: Publisher | None = None) -> Receipt:
    """Publish content as the studio would, to receivers on this machine too."""

    async def story() -> Receipt:
        database = Database(max_size=2)
        await database.open(conninfo, "router")
        try:
            courier = Courier(["127.0.0.0/8"])
            router = Router(Destinations(database), SEALER, courier, otherwise=otherwise)
            return await router.publish(a_claim(content))
        finally:
            await database.close()

    return asyncio.run(story())


def a_claim(content: int, platform: str = "instagram") -> Claim:
    """Return a claim on the content."""
    return Claim(
        id=content,
        version=1,
        attempt=1,
        owner="me",
        publication=1,
        taken_over=False,
        already_out=False,
        late=0.0,
        scheduled_at=None,
        platform=platform,
        content_type="post",
        title="Bröd",
        description=None,
        script=None,
        thumbnail_url=None,
        video_url=None,
        tags=("a",),
    )


def test_a_webhook_gets_it_signed(at_head: str, shelf: Shelf, hook: Hook) -> None:
    """The receiver can check the signature with the secret, and tell a repetition by the key; its answer is the receipt."""
    content = shelf.add()
    connect(shelf, {"publisher": "webhook", "url": hook.url})
    hook.answer = 201, {"id": "x1", "url": "https://example.com/x1"}
    key = a_claim(content).key
    assert publish(at_head, content) == Receipt("x1", "https://example.com/x1")
    ((headers, body),) = hook.requests
    assert headers["webhook-id"] == headers["idempotency-key"] == key
    timestamp = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signature(SECRET, key, timestamp, body)
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["data"]["id"] == content
    assert json.loads(body)["data"]["title"] == "Bröd"


@pytest.mark.parametrize(("status", "error"), [(410, Rejected), (503, TryLater)])
def test_a_receivers_no_is_handed_on(
    at_head: str, shelf: Shelf, hook: Hook, status: int, error: type[Exception]
) -> None:
    """A lasting no is a rejection, any other one is tried again."""
    content = shelf.add()
    connect(shelf, {"publisher": "webhook", "url": hook.url})
    hook.answer = status, {"error": "closed"}
    with pytest.raises(error, match="closed"):
        publish(at_head, content)


@pytest.mark.parametrize(
    ("metadata", "columns", "said"),
    [
        ({"publisher": "webhook"}, {}, "no url"),
        ({"publisher": "webhook", "url": 7}, {}, "no url"),
        ({"publisher": "webhook", "url": "http://[::1]:9999/"}, {}, "which is loopback"),
        ({"publisher": "webhook", "url": "ftp://example.com"}, {}, "only http and https"),
        ({"publisher": "webhook", "url": "http://127.0.0.1:9"}, {"token": None}, "no access token"),
        ({"publisher": "webhook", "url": "http://127.0.0.1:9999"}, {"token": "whsec_!"}, "base64"),
        ({"publisher": "webhook", "url": "http://127.0.0.1"}, {"access_token": "x"}, "cannot be read"),
        ({"publisher": "pigeon"}, {}, "'pigeon'; there are"),
        ({"publisher": ["webhook"]}, {}, "there are 'webhook', 'feed' and 'log'"),
        ({"publisher": "feed"}, {}, "in none"),
    ],
)  # fmt: skip
def test_a_wrong_account_is_a_rejection(
    at_head: str, shelf: Shelf, metadata: dict[str, Any], columns: dict[str, Any], said: str
) -> None:
    """It says what is wrong with it; nothing is sent unsigned or to the inside."""
    content = shelf.add()
    connect(shelf, metadata, **columns)
    with pytest.raises(Rejected, match=said):
        publish(at_head, content)


def test_a_secret_moved_from_another_account_does_not_open(at_head: str, shelf: Shelf) -> None:
    """A sealed token is bound to its row."""
    content = shelf.add()
    connect(shelf, {"publisher": "webhook", "url": "http://127.0.0.1:9999"})
    shelf.run("update social_accounts set account_id = '43'")
    with pytest.raises(Rejected, match="belongs somewhere else"):
        publish(at_head, content)


def test_without_an_account_it_goes_to_the_log_or_nowhere(at_head: str, shelf: Shelf) -> None:
    """Accounts that do not publish, are not active, belong to another user or platform are none."""
    shelf.run("insert into users (id, email) values ('v', 'v@example.com')")
    hook = {"publisher": "webhook", "url": "http://127.0.0.1:9999"}
    connect(shelf, {})
    connect(shelf, hook, account_id="1", is_active=False)
    connect(shelf, hook, account_id="2", platform="youtube")
    connect(shelf, hook, account_id="3", user_id="v")
    content = shelf.add()
    assert publish(at_head, content) == Receipt(a_claim(content).key)
    with pytest.raises(Rejected, match="no account for instagram is connected"):
        publish(at_head, content, otherwise=NowherePublisher())


def test_of_several_accounts_the_first_one_publishes(
    at_head: str, shelf: Shelf, hook: Hook
) -> None:
    """The one that was connected first, as long as it is active."""
    content = shelf.add()
    connect(shelf, {"publisher": "webhook", "url": hook.url}, account_id="1")
    connect(shelf, {"publisher": "pigeon"}, account_id="2")
    publish(at_head, content)
    assert len(hook.requests) == 1


def test_a_feed_takes_what_its_project_shows(at_head: str, shelf: Shelf) -> None:
    """An account may name it; of a project that is not public nobody could read it."""
    (project,) = shelf.run(
        "insert into projects (user_id, name, is_public) values ('u', 'Bread', true) returning id"
    )
    content = shelf.add(project_id=project)
    connect(shelf, {"publisher": "feed"})
    assert publish(at_head, content) == Receipt(a_claim(content).key)
    shelf.run("update projects set is_public = false")
    with pytest.raises(Rejected, match="not public"):
        publish(at_head, content)


def test_the_platform_feed_needs_no_account(at_head: str, shelf: Shelf) -> None:
    """Where nothing else is said, it is the feed of the project."""
    (project,) = shelf.run(
        "insert into projects (user_id, name, is_public) values ('u', 'Bread', true) returning id"
    )
    claim = a_claim(shelf.add(platform="feed", project_id=project), "feed")

    async def story() -> Receipt:
        database = Database(max_size=1)
        await database.open(at_head, "router")
        try:
            router = Router(Destinations(database), SEALER, Courier(), otherwise=NowherePublisher())
            return await router.publish(claim)
        finally:
            await database.close()

    assert asyncio.run(story()) == Receipt(claim.key)


def publish_at_once(conninfo: str, ids: list[int], disturb: Callable[[], Any]) -> list[Any]:
    """Publish twice, all at the same moment; *disturb* in between. Return what came of the second, and the look-ups it took."""

    async def story() -> list[Any]:
        database = Database(max_size=2)
        await database.open(conninfo, "router")
        try:
            router = Router(Destinations(database), SEALER, Courier())
            claims = [a_claim(content) for content in ids]
            await asyncio.gather(*map(router.publish, claims), return_exceptions=True)
            disturb()
            before = database.statistics()["requests_num"]
            tasks = [asyncio.create_task(router.publish(claim)) for claim in claims]
            await asyncio.sleep(0)
            tasks[0].cancel()
            came = await asyncio.gather(*tasks, return_exceptions=True)
            return [*came, database.statistics()["requests_num"] - before]
        finally:
            await database.close()

    return asyncio.run(story())


def test_what_is_published_at_once_is_looked_up_together(at_head: str, shelf: Shelf) -> None:
    """One question for all; each gets its own answer, also where one is gone and another is not waited for any more."""
    ids = [shelf.add() for _ in range(5)]
    came = publish_at_once(at_head, ids, lambda: shelf.run("delete from content where id = %s", ids[1]))  # fmt: skip
    assert isinstance(came[0], asyncio.CancelledError)
    assert isinstance(came[1], Rejected)
    assert came[2:5] == [Receipt(a_claim(content).key) for content in ids[2:]]
    assert came[5] == 1


def test_a_look_up_that_fails_fails_for_all(at_head: str, shelf: Shelf) -> None:
    """The database is away: everybody who asked hears of it, nobody waits for ever."""
    ids = [shelf.add() for _ in range(3)]
    end = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and application_name = 'router'"
    )
    came = publish_at_once(at_head, ids, lambda: shelf.run(end))
    assert [type(one) for one in came[1:3]] == [StoreUnavailable] * 2


def test_content_that_is_gone_is_rejected(at_head: str) -> None:
    """Deleted between the claim and the look-up."""
    with pytest.raises(Rejected, match="not there any more"):
        publish(at_head, 1)


def test_the_needs_name_every_column_that_is_used(shelf: Shelf) -> None:
    """The declared needs are columns of those tables that the statements mention."""
    words = set(re.findall(r"\w+", " ".join(QUERIES.values())))
    for table, declared in NEEDS.tables.items():
        columns = set(
            shelf.run(
                "select column_name from information_schema.columns where table_name = %s", table
            )
        )
        assert set(declared) <= columns & words, table
