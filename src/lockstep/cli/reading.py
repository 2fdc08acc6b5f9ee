"""What the texts of arguments are read as; each raises the error that argparse shows as a usage error."""

from __future__ import annotations

import argparse
from pathlib import Path


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def whole(text: str) -> int:
    """Return a whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def address(text: str) -> str:
    """Return an address of HTTP."""
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address: it begins with /")
    return text


def duration(text: str) -> float:
    """Return the seconds of a duration."""
    from lockstep.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def duration_text(text: str) -> str:
    """Return a duration as it was written."""
    duration(text)
    return text


def lock_mode(text: str) -> str:
    """Return a mode of a table's lock."""
    from lockstep.prove.online import mode_named

    try:
        return mode_named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def names(text: str) -> list[str]:
    """Return names between commas or spaces."""
    return [name for name in text.replace(",", " ").split() if name]


def text_of(file: str | None) -> str:
    """Return what is in a file that was named, empty where none was; raise ``ConfigurationWrong`` if it cannot be read."""
    from lockstep.errors import ConfigurationWrong

    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise ConfigurationWrong(f"{file} cannot be read: {told}") from error
