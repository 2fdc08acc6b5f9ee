"""Know an unchanged database again: one text over where every row of its catalogs lies and which transaction wrote it.

Whatever DDL does writes a row anew, at another place or by another transaction. What only moves data (INSERT, nextval, ANALYZE,
VACUUM, also FREEZE) writes none, and what is rolled back leaves none. It takes no lock that anybody could notice and no
transaction id. Some things change it without changing the schema (TRUNCATE, REINDEX, REFRESH): then all is read, as if
it were new. The token of a transaction that is still open is worth nothing: its next statement writes under the same number.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lockstep.catalog.shorthand import expand
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import Session

_QUERIES = load_queries(Path(__file__).with_name("token.sql"))


@lru_cache(maxsize=16)
def token_statement(server_version: int) -> str:
    """Return the query whose one row and column is the token, to be made part of others; after ``settings`` or their like."""
    text = _QUERIES["token"].replace("{cluster}", _QUERIES["cluster"])
    return expand(text, server_version // 10000)


def read_token(session: Session) -> str:
    """Return the token of the database of *session*."""
    token = session.texts(f"{_QUERIES['settings']};\n{token_statement(session.server_version)}")[-1]
    assert token is not None
    return token
