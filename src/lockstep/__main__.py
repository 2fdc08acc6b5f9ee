"""``python -m lockstep``, and the console script of the same name."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    from lockstep.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
