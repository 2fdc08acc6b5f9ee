"""Databases to try things in, made in a moment and gone afterwards; and the history of migrations run in one."""

from __future__ import annotations

from lockstep.scratch.history import migrated
from lockstep.scratch.server import Scratch, scratch_server

__all__ = ["Scratch", "migrated", "scratch_server"]
