"""Connection strings come back from libpq as they went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from lockstep.embedded import conninfo

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
hosts = text.map("/{}".format)


@given(host=hosts, user=text, dbname=text)
def test_keywords_round_trip(host: str, user: str, dbname: str) -> None:
    """Whatever the values hold, libpq reads them back unchanged."""
    values = {"host": host, "port": 5432, "user": user, "dbname": dbname}
    assert conninfo_to_dict(conninfo.keywords(values)) == values | {"port": "5432"}


@given(host=hosts, user=text, dbname=text)
def test_urls_round_trip(host: str, user: str, dbname: str) -> None:
    """The URL form says the same as the keywords."""
    values = {"host": host, "port": 5432, "user": user, "dbname": dbname}
    assert conninfo_to_dict(conninfo.url(values)) == values | {"port": "5432"}
