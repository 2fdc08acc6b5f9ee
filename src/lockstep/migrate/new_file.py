"""Write the next file of a folder: its number, its name, and a header that says what may stand there."""

from __future__ import annotations

import re
from pathlib import Path

from lockstep.errors import ConfigurationWrong

_DEFAULT_WIDTH = 4
_LONGEST_NAME = 100
_NUMBER = re.compile(r"(\d+)_")
_MIGRATION = """\
-- Why: {why}
--
-- One file is one transaction. Write every statement so that it may run again: IF NOT EXISTS, OR REPLACE, guards.
-- Directives, one a line, above the first statement: `-- lockstep: no-transaction` (one concurrent build),
-- `-- lockstep: breaking` (older releases must not run on the result), `-- lockstep: lock-timeout 5s`.

"""
_SEED = """\
-- Why: {why}
--
-- One file is one transaction. Each row has a natural key: INSERT ... ON CONFLICT (key) DO NOTHING.
-- For one environment only: `-- lockstep: only development`.

"""


def next_file(folder: Path, phrase: str, *, seed: bool, text: str = "") -> Path:
    """Make the next file of *folder* (made if absent) for the verb phrase, and return its path; it is never overwritten.

    It holds *text*, or else what tells an author what to write.
    """
    name = re.sub(r"[^a-z0-9]+", "_", phrase.lower())[:_LONGEST_NAME].strip("_")
    if not name:
        raise ConfigurationWrong(
            f"{phrase!r} makes no file name",
            why="A name is made of letters and digits: a verb phrase that says what the file does.",
            next_step="For example: lockstep new add_project_id_to_content",
        )
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [match[1] for file in folder.glob("*.sql") if (match := _NUMBER.match(file.name))]
    width = max((len(number) for number in numbers), default=_DEFAULT_WIDTH)
    # A number of its own kind (9999_...) marks a file that stays last, such as a generated repair.
    ordinary = [int(n) for n in numbers if set(n) != {"9"} or len(n) < _DEFAULT_WIDTH]
    path = folder / f"{max(ordinary, default=0) + 1:0{width}}_{name}.sql"
    text = text or (_SEED if seed else _MIGRATION).format(why=phrase.replace("_", " "))
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path
