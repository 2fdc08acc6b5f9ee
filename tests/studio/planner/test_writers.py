"""Drafts come from templates, or from a model behind a real HTTP server that behaves as such servers do."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.planner.endpoint import Endpoint, EndpointWriter, read_draft
from studio.planner.writers import (
    Assignment,
    Draft,
    FallingBack,
    Template,
    TemplateWriter,
    WriterFailed,
    hashtags,
)

BREAD = Assignment("Bread", "Loaves in a small kitchen", "instagram", "tutorial", day=3, days=30)
TEMPLATES = [
    Template(
        "Story", "post", "social", "instagram", "About {{ topic }}: {{first_idea}}.", ["Life"]
    ),
    Template("Letter", "newsletter", "writing", None, "Dear readers of {{subject}}!"),
]
GOOD = {"title": "Starter", "body": "Flour and water.", "hashtags": ["#Bread!", "sour dough"]}


class Model(ThreadingHTTPServer):
    """A server that speaks the protocol of chat completions; it gives its answers one after the other, the last for ever."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Completing)
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.answers: list[Callable[[Completing], None]] = []

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens."""
        url = f"http://127.0.0.1:{self.server_port}/v1/"
        return Endpoint(url, "key", "small-model", first_pause=0.01, longest_pause=0.05)


class Completing(BaseHTTPRequestHandler):
    """Answers one question."""

    server: Model

    def do_POST(self) -> None:
        """Take a question."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, headers, body))
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Be silent."""


def status(code: int, **headers: str) -> Callable[[Completing], None]:
    """Answer with an error."""
    return lambda handler: handler.reply(code, b'{"error": {"message": "no"}}', **headers)


def saying(content: Any) -> Callable[[Completing], None]:
    """Answer with a completion."""
    said = {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}
    return lambda handler: handler.reply(200, json.dumps(said).encode())


@pytest.fixture
def model() -> Iterator[Model]:
    """A model's server that runs."""
    with Model() as server:
        server.answers = [saying(json.dumps(GOOD))]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def write(endpoint: Endpoint) -> Draft:
    """Have a draft written."""
    return asyncio.run(EndpointWriter(endpoint, chance=lambda: 0.0).write(BREAD))


def test_a_template_is_filled_in() -> None:
    """With what is known; what only the author knows stays in brackets."""
    draft = asyncio.run(TemplateWriter(TEMPLATES).write(BREAD))
    assert draft.title == "Bread, day 3: Story"
    assert draft.body == "About Bread: tutorial: [first idea]."
    assert (draft.content_type, draft.hashtags) == ("post", ("tutorial", "life"))
    assert draft.writer == "templates"


def test_a_platform_without_a_template_of_its_own_takes_one_for_all() -> None:
    """And where there is none at all, a plain outline."""
    youtube = Assignment("Bread", "", "youtube", "general", day=1, days=1)
    assert asyncio.run(TemplateWriter(TEMPLATES).write(youtube)).content_type == "newsletter"
    plain = asyncio.run(TemplateWriter([]).write(youtube))
    assert plain.body.startswith("What Bread is about today: [point].")


def test_templates_take_turns() -> None:
    """The same assignment gets the same one; another day another of the platform; another edition one that differs."""
    writer = TemplateWriter([*TEMPLATES, Template("Other", "post", "x", "instagram", "Other")])

    def bodies(day: int = 3, edition: int = 0) -> str:
        return asyncio.run(writer.write(replace(BREAD, day=day, edition=edition))).body

    assert bodies() == bodies()
    assert {bodies(day=day) for day in range(1, 9)} == {bodies(day=1), bodies(day=2)}
    assert bodies(day=1) != bodies(day=2)
    assert len({bodies(edition=edition) for edition in range(3)}) == 3


def test_a_model_is_asked_as_the_protocol_says(model: Model) -> None:
    """Address, key, model and messages; what it says becomes the draft."""
    draft = write(model.endpoint)
    assert draft == Draft(
        "Starter", "Flour and water.", ("bread", "sourdough"), "post", 0.7, "small-model"
    )
    ((path, headers, body),) = model.asked
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer key"
    assert body["model"] == "small-model"
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert "Loaves in a small kitchen" in body["messages"][1]["content"]


def test_without_a_key_none_is_sent(model: Model) -> None:
    """A model of one's own wants none."""
    write(Endpoint(model.endpoint.url))
    assert "authorization" not in model.asked[0][1]


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_busy_model_is_asked_again(model: Model, code: int) -> None:
    """It may want to be left alone for a while; that is bounded."""
    model.answers = [status(code, retry_after="3600"), status(code), saying(json.dumps(GOOD))]
    assert write(model.endpoint).title == "Starter"
    assert len(model.asked) == 3


def test_a_model_that_stays_busy_is_given_up(model: Model) -> None:
    """After three attempts."""
    model.answers = [status(503)]
    with pytest.raises(WriterFailed, match=r"the model answered 503 \(3 attempts\)"):
        write(model.endpoint)
    assert len(model.asked) == 3


@pytest.mark.parametrize("code", [400, 401, 404])
def test_a_refusal_is_not_repeated(model: Model, code: int) -> None:
    """A wrong key does not get better."""
    model.answers = [status(code)]
    with pytest.raises(WriterFailed, match=f"answered {code}"):
        write(model.endpoint)
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        saying(None),
        saying("  "),
        saying(["text"]),
        saying('{"title": "cut of'),
        saying('{"title": "", "body": "x"}'),
        saying('{"title": "x", "body": 7}'),
        lambda handler: handler.reply(200, b"<html>"),
        lambda handler: handler.reply(200, b"[" * 100_000),
        lambda handler: handler.reply(200, b'{"choices": []}'),
        saying("a" * 1_000_001),
    ],
)
def test_an_answer_that_is_no_draft_is_said_to_be(
    model: Model, answer: Callable[[Completing], None]
) -> None:
    """Nothing half is taken."""
    model.answers = [answer]
    with pytest.raises(WriterFailed, match="the model's"):
        write(model.endpoint)


def test_a_model_that_is_not_there_or_silent_is_given_up(model: Model) -> None:
    """A connection refused is tried again; silence ends with the time for all of it."""
    with pytest.raises(WriterFailed, match=r"cannot be reached: .* \(3 attempts\)"):
        write(Endpoint("http://127.0.0.1:1", first_pause=0.01))
    over = threading.Event()

    def silent(_handler: Completing) -> None:
        over.wait(20)

    model.answers = [silent]
    with pytest.raises(WriterFailed, match=r"no draft within 0.2 s"):
        write(Endpoint(model.endpoint.url, total=0.2))
    over.set()


def test_templates_step_in_and_say_why(model: Model) -> None:
    """The draft is theirs, the remark names the trouble."""
    model.answers = [status(401)]
    writer = FallingBack(EndpointWriter(model.endpoint), TemplateWriter(TEMPLATES))
    draft = asyncio.run(writer.write(BREAD))
    assert (draft.writer, draft.remark) == ("templates", "the model answered 401")


@pytest.mark.parametrize(
    ("said", "title", "body"),
    [
        ('```json\n{"title": "T", "body": "B"}\n```', "T", "B"),
        ('Here you are: {"title": " T\\nU ", "body": " B "} Enjoy!', "T U", "B"),
        ("# A title\n\nA text.\nMore.", "A title", "A text.\nMore."),
        ("Just one line", "Just one line", "Just one line"),
        ('{"title": "T", "body": "\\u0000"}', "T", "T"),
        ('{"title": "T\\u0000", "body": "\\ud800", "hashtags": [1, null, "a"]}', "T", "?"),
    ],
)
def test_what_a_model_says_is_read_leniently(said: str, title: str, body: str) -> None:
    """Fences and politeness around the object, or no object at all."""
    draft = read_draft(said, "model")
    assert (draft.title, draft.body) == (title, body)


@given(st.text())
def test_whatever_a_model_says_fits_or_is_refused(said: str) -> None:
    """Title and body are never empty, never too long, and can be stored."""
    try:
        draft = read_draft(said, "model")
    except WriterFailed:
        return
    assert 0 < len(draft.title) <= 200
    assert 0 < len(draft.body) <= 20_000
    assert "\0" not in draft.title + draft.body
    (draft.title + draft.body).encode()


def test_hashtags_are_words_once() -> None:
    """Without signs, blanks and repetitions, and not too many."""
    assert hashtags(["#Bread!", "bread", "sour dough", "general", "!", "日本"]) == (
        "bread",
        "sourdough",
        "日本",
    )
    assert len(hashtags([f"tag{n}" for n in range(100)])) == 30
