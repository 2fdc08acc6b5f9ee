"""`studio create-user`: an account for whoever has the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio.command_line.conftest import Command
    from tests.studio.conftest import Shelf

PASSWORD = b"a long and quiet evening\n"


def test_an_operator_is_made_once(command: Command, shelf: Shelf) -> None:
    """With a hash and the role; a second account with that address is refused."""
    make = ("create-user", "olga@example.com", "--admin", "--password-stdin")
    status, _, said = command.run(*make, stdin=PASSWORD)
    assert (status, said) == (0, "studio: olga@example.com may sign in as an operator\n")
    ((role, stored),) = shelf.run(
        "select role, password from users where email = 'olga@example.com'"
    )
    assert (role, stored[:9]) == ("admin", "$argon2id")
    status, _, said = command.run(*make, stdin=PASSWORD)
    assert (status, "there is an account" in said) == (65, True)


@pytest.mark.long
def test_what_is_no_account_is_refused(command: Command, shelf: Shelf) -> None:
    """A weak password, no address, nobody to ask: nothing is made."""
    cases = [
        (("olga@example.com", "--password-stdin"), b"password\n", 65),
        (("olga", "--password-stdin"), PASSWORD, 2),
        (("olga@example.com",), PASSWORD, 2),
    ]
    for arguments, stdin, expected in cases:
        status, _, said = command.run("create-user", *arguments, stdin=stdin)
        assert status == expected, said
        assert said.startswith("studio: ")
    assert shelf.run("select count(*) from users") == [1]


def test_wrong_settings_are_said_as_a_boot_says_them(command: Command) -> None:
    """The status is the engine's."""
    status, _, said = command.run(
        "create-user", "o@example.com", "--password-stdin", stdin=PASSWORD, STUDIO_LOG="loud"
    )
    assert status == 78
    assert "STUDIO_LOG" in said
