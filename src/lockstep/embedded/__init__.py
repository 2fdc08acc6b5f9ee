"""The development PostgreSQL: found, started under a directory, and stopped when its last user has gone.

Each user holds a shared lock on one file. The kernel drops it however the process ends, and inherits it across ``exec``; a
small watcher waits for the exclusive lock and then stops the server. A second lock is held by the server itself, so that
"is it running?" is never guessed from a process id.
"""

from __future__ import annotations

from lockstep.embedded.binaries import Binaries, find
from lockstep.embedded.cluster import Cluster, start

__all__ = ["Binaries", "Cluster", "find", "start"]
