"""``python -m studio`` is the command ``studio``; without a command it serves, as ``lockstep serve studio.assembly:application`` does."""

from __future__ import annotations

import sys

from studio.command_line.main import is_command, main, serve

if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(given) if is_command(given) else serve(given))
