"""``python -m lockstep``, and the console script of the same name.

A boot that finds nothing to do should cost little more than connecting does. So nothing is spent on what a short-lived
process need not do: collecting garbage while modules are imported, and taking everything apart at the end.
"""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # Importing makes no garbage, so the collector would find none; `run` turns it on again when that is done.
    gc.disable()
    from lockstep.cli.main import run

    status = run(sys.argv[1:])
    # An application that was served may have work of its own to do at exit, and a debugger or coverage its results to write.
    if sys.argv[1:2] == ["serve"] or sys.gettrace() is not None:
        sys.exit(status)
    # All is written and closed; the kernel frees memory faster than the interpreter takes it apart.
    os._exit(status)


if __name__ == "__main__":
    main()
