"""``lockstep up`` as a deploy runs it."""

from __future__ import annotations

from lockstep.testing import Project


def test_up_applies_every_file_once(project: Project) -> None:
    """A second run finds nothing to do."""
    project.migration("0001_create_users.sql", "CREATE TABLE IF NOT EXISTS users (id bigint);")
    project.seed(
        "0001_first_user.sql", "INSERT INTO users SELECT 1 WHERE NOT EXISTS (SELECT FROM users);"
    )

    first = project.run("up", "--json")
    second = project.run("up", "--json")

    assert (first.status, second.status) == (0, 0), first.stderr + second.stderr
    assert first.names("FileApplied") == ["0001_create_users.sql", "0001_first_user.sql"]
    assert second.names("FileApplied") == []
