"""``python -m studio`` boots the studio, as ``lockstep serve studio.assembly:application`` does."""

from __future__ import annotations

import sys

import lockstep

if __name__ == "__main__":
    sys.exit(lockstep.serve("studio.assembly:application", sys.argv[1:]))
