"""A repair that is broken off at any commit and run again ends where one that was not ends."""

from __future__ import annotations

import pytest
from tests.lockstep.catalog.repair.conftest import Patient, statements_of

DAMAGE = (
    "ALTER TABLE app.users DROP COLUMN made CASCADE",
    "ALTER TABLE app.users DROP COLUMN token",
    "ALTER TABLE app.users ALTER email DROP NOT NULL",
    "ALTER TABLE app.users DROP CONSTRAINT users_pkey CASCADE",
    "ALTER TABLE app.users DROP CONSTRAINT n_or_email",
    "DROP INDEX app.posts_title",
    "DROP INDEX app.events_once",
)
INVALID = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.posts_title'::regclass"


@pytest.mark.long
def test_after_every_commit_it_can_begin_anew(shop: Patient) -> None:
    """Killed behind each commit of both files, the next run ends it: nothing twice, nothing forgotten."""
    shop.run(*DAMAGE)
    files = shop.repair()
    assert shop.drift() == []
    commits = 1 + len(statements_of(files["later"]))
    for upto in range(0, commits, 2):
        shop.run(*DAMAGE)
        shop.apply(files, upto=upto)
        shop.apply(files)
        assert shop.drift() == [], upto


def test_what_an_interrupted_build_left_is_replaced(shop: Patient) -> None:
    """An invalid index under the right name is not taken for the index: by the file, nor by a plan."""
    shop.run("DROP INDEX app.posts_title")
    files = shop.repair()
    shop.run(INVALID)
    assert shop.names() == {"index app.posts_title"}
    shop.apply(files)
    assert shop.drift() == []
    assert shop.rows("SELECT relname FROM pg_class WHERE relname LIKE 'lockstep%'") == []


def test_single_statements_of_the_first_file_can_be_repeated(shop: Patient) -> None:
    """psql commits each statement: broken off behind any of them, the rest and the whole still work."""
    shop.run(*DAMAGE)
    files = shop.repair()
    statements = statements_of(files["main"])
    shop.run(*DAMAGE)
    for upto in range(1, len(statements) + 1):
        shop.run(*statements[:upto])
    shop.apply(files)
    assert shop.drift() == []
