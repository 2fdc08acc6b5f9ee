"""The service ``stores``: HTTP opens only on a schema that has all that its stores read and write.

Nothing of it runs; it is how the stores, which routes call whenever somebody asks, say beforehand what they need. Each folder
declares it beside its statements.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from lockstep import Database, ServiceHealth
from studio.accounts.needs import NEEDS as ACCOUNTS
from studio.content.needs import PEOPLES_NEEDS as CONTENT
from studio.notifications.needs import NEEDS as NOTIFICATIONS
from studio.planner.needs import NEEDS as PLANNER
from studio.projects.needs import NEEDS as PROJECTS
from studio.publishing.destinations import NEEDS as PUBLISHING

PARTS = (ACCOUNTS, PROJECTS, CONTENT, PLANNER, PUBLISHING, NOTIFICATIONS)


class Stores:
    """What HTTP works with in the database; without it the studio must not run."""

    def __init__(self) -> None:
        self.name = "stores"
        self.needs = reduce(or_, PARTS)
        self.after: tuple[str, ...] = ()
        self.critical = True

    async def start(self, _database: Database) -> None:
        """Be ready: what is needed was looked at before."""

    async def stop(self) -> None:
        """Do nothing: nothing runs."""

    def health(self) -> ServiceHealth:
        """Say that it is well: whether the database answers, others know."""
        return ServiceHealth(ok=True)
