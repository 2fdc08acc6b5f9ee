"""How a step says that it failed."""

from __future__ import annotations

from lockstep.deploy.secrets import concealed


class StepFailed(Exception):
    """A step failed: what it saw, what it wanted, what to do. Texts are without secrets."""

    def __init__(self, saw: str, wanted: str, todo: str) -> None:
        self.saw, self.wanted, self.todo = concealed(saw), wanted, concealed(todo)
        super().__init__(self.saw)
