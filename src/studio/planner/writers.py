"""Who writes drafts: templates, always; a language model behind an OpenAI-compatible endpoint, if one is set."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from studio.content.model import storable

LONGEST_TITLE, LONGEST_BODY, MOST_HASHTAGS = 200, 20_000, 30
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_ABOUT = ("topic", "subject", "field", "thing", "product", "event", "work", "lesson")
_HASHTAG = re.compile(r"[^\w]+")


class WriterFailed(Exception):
    """There is no draft; the text says why."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a draft is to be about; *number* tells those of one day apart, *edition* counts from 0 how often it was written anew."""

    project: str
    description: str
    platform: str
    category: str
    day: int
    days: int
    number: int = 0
    edition: int = 0

    @property
    def topic(self) -> str:
        """What it is about, in a few words."""
        return self.project if self.category == "general" else f"{self.project}: {self.category}"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written, by whom, and how far it is to be trusted (0 to 1); *remark*: what went wrong on the way."""

    title: str
    body: str
    hashtags: tuple[str, ...]
    content_type: str
    confidence: float
    writer: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """An outline of the table ``templates``; without a platform it suits every one."""

    title: str
    type: str
    category: str
    platform: str | None
    content: str
    tags: Sequence[str] = ()


class Writer(Protocol):
    """Writes drafts."""

    async def write(self, assignment: Assignment) -> Draft:
        """Return a draft; raise ``WriterFailed``."""


_PLAIN = Template(
    "Outline",
    "post",
    "general",
    None,
    "What {{topic}} is about today: {{point}}.\nWhy it matters: {{reason}}.\nWhat to do next: {{step}}.",
)


class TemplateWriter:
    """Fills in outlines: what only their author knows stays in brackets."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = sorted(templates, key=lambda template: (template.type, template.title))

    async def write(self, assignment: Assignment) -> Draft:
        """Return the outline whose turn it is, the same one for the same assignment."""
        template = self._choose(assignment)
        title = f"{assignment.project}, day {assignment.day}: {template.title}"
        values = dict.fromkeys(_ABOUT, assignment.topic)
        return Draft(
            title=cut(title, LONGEST_TITLE),
            body=cut(_filled(template.content, values), LONGEST_BODY),
            hashtags=hashtags([assignment.category, *template.tags]),
            content_type=template.type,
            confidence=0.3,
            writer="templates",
        )

    def _choose(self, assignment: Assignment) -> Template:
        """Return a template of the platform, each in its turn; for a further edition the next one, also those for all."""
        own = [each for each in self._templates if each.platform == assignment.platform]
        fitting = own + [each for each in self._templates if each.platform is None] or [_PLAIN]
        turn = hashlib.sha256(assignment.topic.encode()).digest()[0] + assignment.day
        first = (turn + assignment.number) % (len(own) or len(fitting))
        return fitting[(first + assignment.edition) % len(fitting)]


class FallingBack:
    """Asks one writer, and another one if it fails; the draft then says why."""

    def __init__(self, first: Writer, second: Writer) -> None:
        self._first = first
        self._second = second

    async def write(self, assignment: Assignment) -> Draft:
        """Return the first writer's draft, or the second's with a remark."""
        try:
            return await self._first.write(assignment)
        except WriterFailed as error:
            draft = await self._second.write(assignment)
            return replace(draft, remark=storable(str(error)))


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(
        lambda found: values.get(found[1], f"[{found[1].replace('_', ' ')}]"), text
    )


def hashtags(words: Sequence[str]) -> tuple[str, ...]:
    """Return words as hashtags hold them: letters and digits only, each once, without the sign."""
    clean = (_HASHTAG.sub("", text(word, 100)).lower() for word in words)
    return tuple(dict.fromkeys(word for word in clean if word and word != "general"))[
        :MOST_HASHTAGS
    ]


def text(value: str, most: int) -> str:
    """Return a text that the database can hold, cut to *most* characters."""
    return cut(value.replace("\0", "").encode("utf-8", "replace").decode(), most)


def cut(value: str, most: int) -> str:
    """Return *value*, shortened if it is longer than *most* characters."""
    return value if len(value) <= most else value[: most - 1] + "…"
