"""Is this answer too early? Judged from what one copy has answered so far, and from what the database says right after it."""

from __future__ import annotations

_ASK_AGAIN = 500


def answers_request(status: int) -> bool:
    """True if a user would take this for an answer: 2xx, or 3xx that leads on."""
    return 200 <= status < 400


class Answers:
    """What one launch of a copy answers. The address *ready* tells whether it is ready."""

    def __init__(self, ready: str) -> None:
        self._ready = ready
        self.latest: dict[str, int] = {}
        self.was_ready = False
        self.first: tuple[str, int] | None = None
        """The first request that was answered, and how many files were applied right after."""
        self._unconfirmed: tuple[str, int] | None = None

    @property
    def ready(self) -> bool:
        """True if that is its latest word."""
        return answers_request(self.latest.get(self._ready, 0))

    def saw(self, path: str, status: int, applied: int, *, undisturbed: bool) -> str:
        """Note an answer; return what is wrong with it, nothing if it is in order.

        *applied*: so many files were applied when the answer was there. *undisturbed*: nobody had asked the copy to end, or
        ended its sessions: else a copy that was ready for a moment may say that it is not.
        """
        self.latest[path] = status
        if answers_request(status) and self.first is None:
            self.first = (path, applied)
        if path == self._ready:
            return self._readiness(status, undisturbed=undisturbed)
        if answers_request(status) and not self.was_ready:
            self._unconfirmed = self._unconfirmed or (path, status)
        return ""

    def silent(self) -> None:
        """Note that nobody answers any more."""
        self.latest.clear()
        self._unconfirmed = None

    def _readiness(self, status: int, *, undisturbed: bool) -> str:
        said, self._unconfirmed = self._unconfirmed, None
        if answers_request(status):
            self.was_ready = True
        elif said and status >= _ASK_AGAIN and undisturbed and not self.was_ready:
            return f"GET {said[0]} was answered with {said[1]}, and GET {self._ready} after it with {status}: it was not ready"
        return ""


def too_early(answers: Answers, total: int) -> str:
    """Return what is wrong with the first answer of a copy, when *total* files were applied in the end."""
    if answers.first is None or answers.first[1] >= total:
        return ""
    path, applied = answers.first
    return f"GET {path} was answered when {applied} of {total} files were applied"
