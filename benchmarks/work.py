"""The work that every contender gets: N files of CREATE TABLE, ADD COLUMN and CREATE INDEX, with the same SQL for all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SQL = """\
CREATE TABLE IF NOT EXISTS t_{number:04d} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL DEFAULT 'new',
    amount numeric(12, 2),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz
);
ALTER TABLE t_{number:04d} ADD COLUMN IF NOT EXISTS note text;
CREATE INDEX IF NOT EXISTS t_{number:04d}_name ON t_{number:04d} (name);
"""
ALEMBIC_INI = """\
[alembic]
script_location = %(here)s/alembic
"""
# What `alembic init` writes, less its logging and its offline mode.
ALEMBIC_ENV = """\
import os

from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
ALEMBIC_REVISION = '''\
"""make t_{number:04d}"""

from alembic import op

revision = "r{number:04d}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""{sql}""")
'''


def write_project(root: Path, count: int) -> Path:
    """Write ``root/migrations/*.sql`` and return *root*."""
    folder = root / "migrations"
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        text = SQL.format(number=number)
        (folder / f"{number:04d}_make_t_{number:04d}.sql").write_text(text, encoding="utf-8")
    return root


def write_alembic(root: Path, count: int) -> None:
    """Write an Alembic environment with the same work beside the files of *root*."""
    versions = root / "alembic" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text(ALEMBIC_INI, encoding="utf-8")
    (root / "alembic" / "env.py").write_text(ALEMBIC_ENV, encoding="utf-8")
    for number in range(1, count + 1):
        before = f'"r{number - 1:04d}"' if number > 1 else None
        sql = SQL.format(number=number)
        text = ALEMBIC_REVISION.format(number=number, before=before, sql=sql)
        (versions / f"r{number:04d}_make_t_{number:04d}.py").write_text(text, encoding="utf-8")


def install_alembic(root: Path) -> tuple[Path | None, str]:
    """Make a throw-away environment with Alembic; return its program, or None, and its versions or why there is none."""
    python = root / "bin" / "python"
    try:
        _run(sys.executable, "-m", "venv", str(root))
        _run(str(python), "-m", "pip", "install", "--quiet", "alembic", "psycopg[binary]")
        listed = _run(str(python), "-m", "pip", "list", "--format", "freeze")
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines()
        return None, lines[-1] if lines else f"pip exited with {error.returncode}"
    wanted = ("alembic==", "sqlalchemy==", "psycopg==")
    versions = [line for line in listed.splitlines() if line.lower().startswith(wanted)]
    return root / "bin" / "alembic", ", ".join(versions)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout
