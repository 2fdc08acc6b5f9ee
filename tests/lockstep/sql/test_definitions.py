"""IF NOT EXISTS and guards compare names only: what the server keeps in silence, the analyser says.

The table is ``statements/definitions.toml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstep.sql.analysis import analyse
from lockstep.sql.finding import Source

if TYPE_CHECKING:
    from tests.lockstep.sql.conftest import Bench, Case

TABLES = ("definitions",)


def test_the_server_keeps_what_is_there(case: Case, peopled: Bench) -> None:
    """The statement succeeds and changes nothing at all, or fails with the SQLSTATE that the case names."""
    done = peopled.twice(case.sql, before=case.before)
    assert done.first == case.first
    assert done.again == ""
    assert done.first or done.made == peopled.twice("SELECT 1", before=case.before).made


def test_the_analyser_says_where_the_definitions_differ(
    case: Case, world: str, peopled: Bench
) -> None:
    """Of the names that the history holds already, exactly those with another definition are found."""
    history = [Source("world.sql", world), Source("before.sql", case.before)]
    found = analyse([*history, Source("case.sql", case.sql)], server=peopled.major)[-1].findings
    assert [f.rule for f in found if f.kind == "idempotence"] == case.rules
