"""What a test suite needs: a PostgreSQL of its own, a database per test, a project to boot in it, a recorder of events, a
way to wait without sleeping.

No test framework is imported; ``tests/conftest.py`` of Lockstep itself shows how to make pytest fixtures of these.
"""

from __future__ import annotations

from lockstep.testing.cluster import Server, private_cluster
from lockstep.testing.databases import Databases
from lockstep.testing.project import Finished, Project, finish
from lockstep.testing.recorder import Recorder
from lockstep.testing.waiting import until

__all__ = [
    "Databases",
    "Finished",
    "Project",
    "Recorder",
    "Server",
    "finish",
    "private_cluster",
    "until",
]
