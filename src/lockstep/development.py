"""Where the database is: the one that is named, or, in development only, an embedded PostgreSQL of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstep.events import EmbeddedStarted, Listener
from lockstep.values import dataclass

if TYPE_CHECKING:
    from lockstep.embedded.cluster import Cluster
    from lockstep.settings import Settings

FOLDER = ".lockstep"


@dataclass(frozen=True, slots=True)
class DatabaseSource:
    """The boot's and the pool's connection strings, and where they came from, for messages.

    ``cluster`` is the embedded server, if one serves; it lives as long as this process.
    """

    url: str
    pool_url: str
    name: str
    cluster: Cluster | None = None


def database_of(settings: Settings, report: Listener) -> DatabaseSource:
    """Return where the database is, starting the embedded PostgreSQL if none is named."""
    if settings.database is not None:
        pool_url = settings.pool_database or settings.database
        return DatabaseSource(settings.database, pool_url, settings.database_source)
    from lockstep.embedded.cluster import start

    cluster = start(settings.root / FOLDER)
    report(EmbeddedStarted(str(cluster.directory), cluster.version, cluster.created))
    url = cluster.conninfo()
    return DatabaseSource(url, url, settings.database_source, cluster)
