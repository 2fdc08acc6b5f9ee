"""Run PostgreSQL until its last user has gone, however that user ended.

Started as ``python -I -S watcher.py USERS SERVER SOCKETS DISCARD PROGRAM...``, in a session of its own:

USERS    a file on which every user holds a shared lock; once we get the exclusive one, nobody is left.
SERVER   a descriptor that holds the server's own lock; PostgreSQL inherits it, so it lasts as long as any of its processes.
SOCKETS  a directory to remove at the end when it is empty; or an empty string.
DISCARD  a directory to remove with all that is in it when nobody is left; or an empty string.
"""

import _thread
import contextlib
import fcntl
import os
import signal
import sys
import time

SECONDS_FOR_A_CLEAN_STOP = 60


def main(users: str, server: str, sockets: str, discard: str, *program: str) -> None:
    """Start *program*, detach, stop it in time, and remove what was only for it."""
    users_file = os.open(users, os.O_RDWR)
    if os.fork():
        os._exit(
            0
        )  # so that we are nobody's child: our starter may exec, or wait for children of its own
    process = os.posix_spawn(
        program[0], program, os.environ, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT]
    )
    signal.signal(signal.SIGTERM, lambda *_: os.kill(process, signal.SIGINT))
    watch = Watch(users_file, process)
    _thread.start_new_thread(watch.stop_after_the_last_user, ())
    os.waitpid(process, 0)
    watch.process_ended = True
    if sockets:
        with contextlib.suppress(OSError):
            os.rmdir(sockets)  # noqa: PTH106 - pathlib would double the time this program takes to start
    if discard:
        if (
            not watch.nobody_left
        ):  # it ended on its own account: its users shall see that, and may read its log
            os.close(int(server))
        remove(discard, users_file)
    os._exit(0)


class Watch:
    """What the waiting thread and the main one know of each other."""

    def __init__(self, users: int, process: int) -> None:
        """Watch the *users* of *process*, our child."""
        self.users = users
        self.process = process
        self.process_ended = False
        self.nobody_left = False

    def stop_after_the_last_user(self) -> None:
        """Wait for the exclusive lock, then shut down fast, and at last without mercy."""
        fcntl.flock(self.users, fcntl.LOCK_EX)
        self.nobody_left = True
        self.send(signal.SIGINT)
        time.sleep(SECONDS_FOR_A_CLEAN_STOP)
        self.send(signal.SIGQUIT)

    def send(self, number: int) -> None:
        """Signal the process unless its number may be somebody else's by now."""
        if not self.process_ended:
            os.kill(self.process, number)


def remove(directory: str, users: int) -> None:
    """Remove *directory* once nobody is left."""
    import shutil

    fcntl.flock(users, fcntl.LOCK_EX)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
