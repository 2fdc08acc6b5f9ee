"""What a command says to people, on stderr, and its exit statuses: the engine's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

APPLICATION = "studio.assembly:application"
USAGE = 2
DATA_WRONG = 65
UNREACHABLE = 69


def tell(text: str) -> None:
    """Say *text* in a line of its own."""
    # What people sent may hold what a terminal would act on, or could not show.
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    sys.stderr.write(f"studio: {line}\n".encode("utf-8", "backslashreplace").decode())
    sys.stderr.flush()


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Give what shows how far it is, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda done: shown.update(task, completed=done)
