"""Forms: what was typed comes back as it was typed, with what is wrong beside its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from studio.http_api.problems import Refused

M = TypeVar("M", bound=BaseModel)
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_PATTERNS = {
    "email": "This is no e-mail address.",
    "platform": "Small letters, digits and underscores, beginning with a letter.",
    "thumbnail_url": "An address that begins with http:// or https://.",
    "video_url": "An address that begins with http:// or https://.",
    "profile_image_url": "An address that begins with http:// or https://.",
}


class Invalid(Exception):
    """A form cannot be taken as it is: what is wrong, by field; under the empty name what concerns no single one."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {what}" for name, what in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form as it is shown: what stands in it, what is wrong, and what somebody else has written there meanwhile."""

    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The status of a page that shows it."""
        return 422 if self.problems else 409 if self.theirs else 200


BLANK = Sheet()


def checked(model: type[M], values: Mapping[str, Any]) -> M:
    """Return the values as a *model* of them; raise ``Invalid``."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems: dict[str, str] = {}
        for flaw in error.errors(include_url=False):
            name = str(flaw["loc"][0]) if flaw["loc"] else ""
            problems.setdefault(name, _said(name, flaw["type"], flaw.get("ctx", {}), flaw["msg"]))
        raise Invalid(problems) from None


def _said(name: str, kind: str, context: Mapping[str, Any], message: str) -> str:
    match kind:
        case "missing" | "string_type":
            return "Fill this in."
        case "string_too_short":
            least = context.get("min_length", 1)
            return "Fill this in." if least <= 1 else f"At least {least} characters."
        case "string_too_long":
            return f"At most {context['max_length']} characters."
        case "string_pattern_mismatch":
            return _PATTERNS.get(name, "This is not in the form that is wanted.")
        case "int_type":
            return "A whole number."
        case _:
            plain = message.removeprefix("Value error, ")
            return f"{plain[:1].upper()}{plain[1:]}."


def refusal_of(refused: Refused, fields: Mapping[str, str]) -> dict[str, str]:
    """Return a refusal as a form's problem: beside the field that *fields* names for its code, else above all."""
    return {fields.get(refused.code, ""): refused.detail}


def or_none(text: str) -> str | None:
    """Return None for a field in which nothing stands."""
    return text if text.strip() else None


def number(text: str) -> int | str | None:
    """Return the whole number that stands in a field; what is none stays as it is, to be refused where it is checked."""
    if not text.strip():
        return None
    return int(text) if _WHOLE.fullmatch(text.strip()) else text


def words(text: str) -> list[str]:
    """Return the parts of a list with commas, each once."""
    parts = (part.strip() for part in text.replace("\n", ",").split(","))
    return list(dict.fromkeys(part for part in parts if part))
