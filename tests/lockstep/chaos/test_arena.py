"""Connection strings as drivers of all languages take them, and what the copies inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from lockstep.chaos.arena import arena, as_url
from lockstep.settings import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from lockstep.testing import Server


@pytest.mark.parametrize(
    ("conninfo", "url"),
    [
        ("host=h port=5433 user=u dbname=d", "postgresql://u@h:5433/d"),
        ("host=h user=u password='a b/@' dbname=d", "postgresql://u:a%20b%2F%40@h/d"),
        ("host=/run/pg port=1 user=u dbname=d", "postgresql://u@/d?host=%2Frun%2Fpg&port=1"),
        ("host=::1 dbname=d", "postgresql://[::1]/d"),
        ("host=h user=u dbname=d sslmode=require", "postgresql://u@h/d?sslmode=require"),
        ("host=a,b port=1,2 dbname=d", "postgresql:///d?host=a%2Cb&port=1%2C2"),
    ],
)
def test_the_url_says_the_same(conninfo: str, url: str) -> None:
    """Host and port stand where drivers look for them, if they fit there."""
    assert as_url(conninfo) == url
    assert conninfo_to_dict(as_url(conninfo)) == conninfo_to_dict(conninfo)


def test_copies_get_the_scratch_database_and_nothing_of_ours(
    tmp_path: Path, cluster: Server
) -> None:
    """Three variables name it; the port and address that the caller has for itself are not theirs."""
    settings = resolve(flags={}, environ={}, root=tmp_path, offline=True)
    with arena(settings, cluster.conninfo()) as place, place.stage() as stage:
        told = stage.environment({"LOCKSTEP_PORT": "1", "PORT": "2", "HOST": "h", "KEPT": "yes"})
        name = conninfo_to_dict(stage.direct)["dbname"]

    assert told == {
        "KEPT": "yes",
        "PYTHONUNBUFFERED": "1",
        "HOST": "127.0.0.1",
        "LOCKSTEP_DATABASE_URL": stage.direct,
        "DATABASE_UNPOOLED_URL": stage.direct,
        "DATABASE_URL": stage.pooled,
    }
    assert str(name).startswith("lockstep_scratch_")
    assert conninfo_to_dict(stage.direct)["host"] == conninfo_to_dict(cluster.dsn)["host"]
