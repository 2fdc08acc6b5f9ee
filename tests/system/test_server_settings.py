"""What a role or a database sets for its sessions changes neither the schema, nor the rows, nor what the boot says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from lockstep.events import FileApplied, ServerNotice
from lockstep.testing import Project, Recorder

if TYPE_CHECKING:
    from tests.system.conftest import Observer

Boot = Callable[..., Recorder]
SETTINGS = [
    "DateStyle = 'German'",
    "DateStyle = 'SQL, DMY'",
    "TimeZone = 'Asia/Kathmandu'",
    "IntervalStyle = 'sql_standard'",
    "bytea_output = 'escape'",
    "extra_float_digits = -10",
    "standard_conforming_strings = off",
    "backslash_quote = off",
    "quote_all_identifiers = on",
    "client_encoding = 'LATIN1'",
    "client_encoding = 'SQL_ASCII'",
    "client_min_messages = 'error'",
    "search_path = ''",
    "search_path = 'nowhere'",
    "search_path = 'evil, pg_catalog'",
    "lock_timeout = 1",
    "idle_in_transaction_session_timeout = 1",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_deferrable = on",
    "row_security = off",
    "transform_null_equals = on",
    "array_nulls = off",
]
EVIL = """
CREATE SCHEMA evil;
CREATE FUNCTION evil.wrong(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'wrong'::text $$;
CREATE OPERATOR evil.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.wrong);
CREATE FUNCTION evil.same(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
"""


def ship(project: Project) -> None:
    """Write files whose names and texts hold what settings may read differently."""
    project.migration(
        '0001 it\'s a\\b "ü" 100%s.sql',
        "CREATE TABLE IF NOT EXISTS public.notes (id int PRIMARY KEY, \"größe→\" text DEFAULT 'a\\b' NOT NULL);",
    )
    project.migration(
        "0002_index.sql",
        "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS notes_idx ON public.notes (id);\n"
        "INSERT INTO public.notes VALUES (1, '日\\n''ü' OPERATOR(pg_catalog.||) E'\\\\') ON CONFLICT (id) DO NOTHING;",
    )
    project.seed(
        "0001_notes.sql", "INSERT INTO public.notes (id) VALUES (2) ON CONFLICT DO NOTHING;"
    )


@pytest.mark.sampled(6)
@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_of_the_database_change_nothing(
    project: Project,
    boot: Boot,
    observer: Observer,
    undisturbed: Callable[[], list[str]],
    setting: str,
) -> None:
    """The same schema, rows and checksums as without; every file once, the second boot by the fast path, both on record."""
    ship(project)
    name = conninfo_to_dict(project.database)["dbname"]
    observer.rows(EVIL)
    observer.rows(f'ALTER DATABASE "{name}" SET {setting}')

    first, second = boot(), boot()

    assert [event.name[:4] for event in first.of(FileApplied)] == ["0001", "0002", "0001"]
    assert first.of(ServerNotice) == []
    assert second.of(FileApplied) == []
    assert observer.outcomes() == ["completed", "completed"]
    assert observer.content() == undisturbed()


def test_looking_is_not_disturbed_either(project: Project, boot: Boot, observer: Observer) -> None:
    """Names and times come out as they are, whatever the database prefers."""
    ship(project)
    boot()
    name = conninfo_to_dict(project.database)["dbname"]
    for setting in ("DateStyle = 'SQL, DMY'", "client_encoding = 'SQL_ASCII'", "search_path = ''"):
        observer.rows(f'ALTER DATABASE "{name}" SET {setting}')

    status, boots = project.run("status", "--json", "--exit-code"), project.run("boots", "--json")

    assert (status.status, boots.status) == (0, 0), status.stderr + boots.stderr
    (seen,) = status.events
    assert [row["name"] for row in seen["applied"]] == [
        '0001 it\'s a\\b "ü" 100%s.sql',
        "0002_index.sql",
        "0001_notes.sql",
    ]
    assert all(datetime.fromisoformat(row["applied_at"]).tzinfo for row in seen["applied"])


@pytest.fixture
def other_role(project: Project, observer: Observer) -> Iterator[str]:
    """A role that every session of the database takes."""
    name = conninfo_to_dict(project.database)["dbname"]
    role = f"{name}_role"
    observer.rows(f"CREATE ROLE {role}")
    observer.rows(f"GRANT CREATE ON DATABASE {name} TO {role}")
    observer.rows(f"GRANT CREATE ON SCHEMA public TO {role}")
    observer.rows(f"ALTER DATABASE {name} SET role = {role}")
    yield role
    observer.rows(f"DROP OWNED BY {role} CASCADE")
    observer.rows(f"DROP ROLE {role}")


def test_a_role_that_becomes_another(
    project: Project, boot: Boot, observer: Observer, other_role: str
) -> None:
    """What the files make belongs to it, from the first to the last, and so does the ledger."""
    ship(project)
    boot()
    boot()
    owners = """
    SELECT DISTINCT relowner::regrole::text FROM pg_class
    WHERE relname IN ('notes', 'notes_idx', 'ledger', 'boots')
    """
    assert observer.rows(owners) == [other_role]
    assert observer.outcomes() == ["completed", "completed"]
