"""Connection strings that survive any directory name."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote


def keywords(values: Mapping[str, str | int]) -> str:
    """Return libpq's ``key='value'`` form, spaces and quotes and backslashes included."""
    return " ".join(f"{key}={_quoted(str(value))}" for key, value in values.items())


def url(values: Mapping[str, str | int]) -> str:
    """Return the URL form of a connection over a socket: the host, being a directory, is a parameter."""
    where = f"host={quote(str(values['host']), safe='/')}&port={values['port']}"
    user, dbname = (quote(str(values[key]), safe="") for key in ("user", "dbname"))
    return f"postgresql://{user}@/{dbname}?{where}"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
