"""A piece of content as a form: its fields as texts, the texts as values, and its history in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from studio.content.library import HistoryEntry
from studio.content.model import Action, Status, allowed
from studio.content.pieces import Piece
from studio.http_api.content import Draft
from studio.web_page.clock import Clock
from studio.web_page.forms import Invalid, checked, number, or_none, words
from studio.web_page.rendering import ACTIONS, label

FIELDS = (
    "title",
    "platform",
    "project_id",
    "content_type",
    "description",
    "script",
    "tags",
    "thumbnail_url",
    "video_url",
    "day_number",
    "publish_order",
    "ai_generated",
    "metadata",
)
BLANK = dict.fromkeys(FIELDS, "") | {"content_type": "post", "publish_order": "0"}
_OPTIONAL = ("description", "script", "thumbnail_url", "video_url")
_LONGEST_SHOWN = 120


def written(piece: Piece) -> dict[str, str]:
    """Return a piece as it stands in the form."""
    return {
        **{name: getattr(piece, name) or "" for name in ("title", "platform", "content_type")},
        **{name: getattr(piece, name) or "" for name in _OPTIONAL},
        "project_id": str(piece.project_id or ""),
        "tags": ", ".join(piece.tags),
        "day_number": str(piece.day_number or ""),
        "publish_order": str(piece.publish_order),
        "ai_generated": "yes" if piece.ai_generated else "",
        "metadata": json.dumps(piece.metadata, indent=2, ensure_ascii=False) if piece.metadata else "",
    }  # fmt: skip


def read(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what a form says, as a draft's values; raise ``Invalid``."""
    values = {
        **{name: typed[name] for name in ("title", "platform", "content_type")},
        **{name: or_none(typed[name]) for name in _OPTIONAL},
        "project_id": number(typed["project_id"]),
        "tags": words(typed["tags"]),
        "day_number": number(typed["day_number"]),
        "publish_order": number(typed["publish_order"]) or 0,
        "ai_generated": bool(typed["ai_generated"]),
        "metadata": _metadata(typed["metadata"]),
    }
    return checked(Draft, values).model_dump()


def _metadata(text: str) -> Any:
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid({"metadata": 'A JSON object: {"key": "value"}.'}) from None


def differing(piece: Piece, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the fields in which a piece says something else than what was typed."""
    return {name: text for name, text in written(piece).items() if text != typed[name]}


def actions_of(status: Status) -> tuple[Action, ...]:
    """Return what a person can order, the most usual first."""
    possible = allowed(status)
    return tuple(action for action in ACTIONS if action in possible)


def story(entry: HistoryEntry, clock: Clock) -> list[str]:
    """Tell what changed with an entry of a history, a line a change."""
    before, after = entry.before or {}, entry.after or {}
    return [
        _line(name, before.get(name), value, clock)
        for name, value in after.items()
        if before.get(name) != value and name != "repeats"
    ]


def _line(name: str, before: object, after: object, clock: Clock) -> str:
    was, now = _shown(before, clock), _shown(after, clock)
    return f"{label(name)}: {was} → {now}" if was else f"{label(name)}: {now}"


def _shown(value: object, clock: Clock) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part is not None)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = str(value)
    if len(text) > 18 and text[10:11] == "T" and text[:4].isdigit():
        return _moment(text, clock)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _moment(text: str, clock: Clock) -> str:
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return clock.full(moment) if moment.tzinfo else text
