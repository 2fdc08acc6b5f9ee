"""What ``lockstep prove`` costs: a history of 100 files with 300 statements, all checks but the race; and twice as many.

``python benchmarks/prove.py``: seconds of each, and their ratio. The first is to stay under 60 s on two cores, and the ratio near two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

BUDGET = 60.0
MOST_OF_TWICE = 2.6
_EVERY = 20  # one file of so many builds an index concurrently


def main() -> int:
    """Measure, print, and exit with 1 if a bound is broken."""
    once, twice = measured(100), measured(200)
    ratio = twice / once
    print(f"prove: 100 files with 300 statements in {once:.1f} s (at most {BUDGET:.0f})")
    print(
        f"prove: 200 files with 600 statements in {twice:.1f} s: {ratio:.2f} times (at most {MOST_OF_TWICE})"
    )
    return 0 if once < BUDGET and ratio < MOST_OF_TWICE else 1


def measured(files: int) -> float:
    """Return how many seconds it takes to prove *files* files."""
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(history(files), start=1):
            Path(folder, f"{number:04d}_step.sql").write_text(text)
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "lockstep", "prove", "--migrations", folder, "--json"],
            cwd=folder,
            env={**os.environ, "LOCKSTEP_ENV": "development"},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - begun
    if done.returncode != 0:
        told = json.loads(done.stdout)["files"] if done.stdout.startswith("{") else done.stderr
        raise SystemExit(f"not proven: {[one for one in told if one['verdict'] != 'proven'][:2]}")
    return seconds


def history(files: int) -> Iterator[str]:
    """Yield the texts of a history as a service might have it, three statements a file."""
    for number in range(files):
        table = number // 4 * 4
        kind = number % 4
        if number % _EVERY == _EVERY - 1:
            yield _concurrently(table)
        elif kind == 0:
            yield _create(number)
        elif kind == 1:
            yield _extend(table)
        elif kind == 2:
            yield _constrain(table)
        else:
            yield _fill(table)


def _create(number: int) -> str:
    parent = f"REFERENCES items_{number - 4}" if number else ""
    return f"""
CREATE TABLE IF NOT EXISTS items_{number} (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT items_{number}_pkey PRIMARY KEY,
    parent_id bigint {parent},
    name text NOT NULL,
    state text NOT NULL CONSTRAINT items_{number}_state CHECK (state IN ('new', 'done')),
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS items_{number}_name_idx ON items_{number} (name);
CREATE INDEX IF NOT EXISTS items_{number}_parent_idx ON items_{number} (parent_id);
"""


def _extend(table: int) -> str:
    return f"""
ALTER TABLE items_{table} ADD COLUMN IF NOT EXISTS size integer NOT NULL DEFAULT 1;
ALTER TABLE items_{table} ADD COLUMN IF NOT EXISTS tags text[] NOT NULL DEFAULT '{{}}';
COMMENT ON COLUMN items_{table}.size IS 'How large it is';
"""


def _constrain(table: int) -> str:
    return f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'items_{table}'::regclass AND conname = 'items_{table}_size') THEN
        ALTER TABLE items_{table} ADD CONSTRAINT items_{table}_size CHECK (size > 0);
    END IF;
END
$$;
CREATE OR REPLACE FUNCTION count_{table}() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM items_{table}';
CREATE OR REPLACE VIEW names_{table} AS SELECT id, name FROM items_{table};
"""


def _fill(table: int) -> str:
    return f"""
INSERT INTO items_{table} (id, name, state) OVERRIDING SYSTEM VALUE VALUES (1, 'first', 'new') ON CONFLICT (id) DO NOTHING;
INSERT INTO items_{table} (id, name, state) OVERRIDING SYSTEM VALUE VALUES (2, 'second', 'done') ON CONFLICT (id) DO NOTHING;
UPDATE items_{table} SET state = 'done' WHERE state = 'new';
"""


def _concurrently(table: int) -> str:
    return f"""-- lockstep: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS items_{table}_made_at_idx ON items_{table} (made_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS items_{table}_state_idx ON items_{table} (state);
ALTER TABLE items_{table} ADD COLUMN IF NOT EXISTS note text;
"""


if __name__ == "__main__":
    sys.exit(main())
