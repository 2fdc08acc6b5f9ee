"""``studio create-user``: an account for whoever has the database, such as the first operator."""

from __future__ import annotations

import argparse
import getpass
import sys

from pydantic import TypeAdapter, ValidationError

from lockstep import Database, Needs, run_on_schema
from studio.accounts.passwords import weakness
from studio.accounts.store import AccountStore, EmailTaken
from studio.command_line.telling import APPLICATION, DATA_WRONG, UNREACHABLE, USAGE, tell
from studio.http_api.auth import Email
from studio.storage import StoreUnavailable

NEEDS = {
    "accounts": Needs(
        {
            "users": {
                "id": "text",
                "email": "text",
                "password": "text",
                "first_name": "text",
                "last_name": "text",
                "role": "text",
                "is_active": "boolean",
            }
        },
        privileges={"users": ("select", "insert")},
    )
}


def create_user(options: argparse.Namespace) -> int:
    """Make the account; return the exit status."""
    try:
        email = TypeAdapter[str](Email).validate_python(options.email)
    except ValidationError:
        tell(f"{options.email!r} is not an address")
        return USAGE
    password = _password(from_stdin=options.password_stdin)
    if password is None:
        return USAGE
    why = weakness(password, email)
    if why is not None:
        tell(f"the password {why}")
        return DATA_WRONG

    async def work(database: Database) -> int:
        return await _create(database, email, password, "admin" if options.admin else "user")

    return run_on_schema(APPLICATION, NEEDS, work)


async def _create(database: Database, email: str, password: str, role: str) -> int:
    try:
        user = await AccountStore(database).create(email, password, role=role)
    except EmailTaken:
        tell(f"there is an account with the address {email}")
        return DATA_WRONG
    except StoreUnavailable as error:
        tell(str(error))
        return UNREACHABLE
    tell(f"{user.email} may sign in{' as an operator' if user.is_admin else ''}")
    return 0


def _password(*, from_stdin: bool) -> str | None:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        tell("nobody can be asked for the password here; use --password-stdin")
        return None
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        tell("these were two different passwords")
        return None
    return first
