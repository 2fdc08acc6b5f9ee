"""What goes wrong while the scheduler runs: said once in the log and always in health, and never the end of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from studio.content.model import describe_failure
from studio.scheduler.policy import Policy
from studio.scheduler.pulse import Part, Pulse, Trouble
from studio.storage import SchemaChanged, StoreUnavailable

SCHEMA_NOT_READY = "❌ Content table schema is not ready"
"""The line that operators search for; the engine prints the same one when it refuses to boot."""
_LOG = logging.getLogger(__name__)


class Troubles:
    """Notes what is wrong with a part of the scheduler, and says how long that part should wait."""

    def __init__(
        self,
        pulse: Pulse,
        policy: Policy,
        chance: Callable[[], float],
        missing: Callable[[], Awaitable[Sequence[str]]],
    ) -> None:
        """Note in *pulse*; *missing* finds out what the schema lacks, a line for each thing."""
        self._pulse = pulse
        self._policy = policy
        self._chance = chance
        self._missing = missing

    async def note(self, part: Part, error: Exception) -> float:
        """Note *error*; return how long to wait before that part tries again."""
        trouble = _word(error)
        failures = self._pulse.unwell(part, trouble, describe_failure(error))
        if failures == 1:
            await self._tell(trouble, error)
        return self._policy.reconnect_in(failures, self._chance())

    async def _tell(self, trouble: Trouble, error: Exception) -> None:
        if trouble == "reconnecting":
            _LOG.warning("reconnecting: %s", error)
        elif trouble == "schema not ready":
            _LOG.error(SCHEMA_NOT_READY)
            for line in await self._explain(error):
                _LOG.error("%s", line)
        else:  # a bug must show, not end everybody's publishing
            _LOG.error("the scheduler goes on after an error that nobody foresaw", exc_info=error)

    async def _explain(self, error: Exception) -> Sequence[str]:
        try:
            return await self._missing() or [str(error)]
        except Exception as another:
            return [str(error), f"what is missing could not be asked: {describe_failure(another)}"]


def _word(error: Exception) -> Trouble:
    if isinstance(error, SchemaChanged):
        return "schema not ready"
    return "reconnecting" if isinstance(error, StoreUnavailable) else "failing"
