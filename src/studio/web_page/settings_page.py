"""What users say of themselves, where they are signed in, and the accounts that the studio publishes to."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from lockstep import ConfigurationWrong
from studio.accounts.model import hashed
from studio.accounts.social import AlreadyThere
from studio.http_api import auth
from studio.http_api.cookies import is_secure
from studio.http_api.problems import Refused
from studio.http_api.social_accounts import NewSocialAccount
from studio.web_page.clock import ZONE_COOKIE, clock_in, zones
from studio.web_page.forms import BLANK, Invalid, Sheet, checked, number, or_none, refusal_of
from studio.web_page.visits import Visit, back_to

PROFILE = ("first_name", "last_name", "profile_image_url")
ACCOUNT = ("platform", "account_id", "account_name", "publisher", "url")
PUBLISHERS = ("webhook", "feed", "log")
_SESSION = re.compile("[0-9a-f]{64}")
_YEAR = 365 * 86_400
_MOST = 100


async def show_settings(visit: Visit) -> Response:
    """Show all of it."""
    return await _settings(visit)


async def save_profile(visit: Visit) -> Response:
    """Change names and picture."""
    typed = {name: visit.text(name) for name in PROFILE}
    try:
        change = checked(auth.Profile, {name: or_none(text) for name, text in typed.items()})
    except Invalid as invalid:
        return await _settings(visit, profile=Sheet(typed, invalid.problems))
    await visit.parts.accounts.update(visit.user.id, change.given())
    return back_to("/settings?done=saved")


async def change_password(visit: Visit) -> Response:
    """Replace the password; all other browsers are signed out by that."""
    assert visit.session is not None
    given = {name: visit.text(name) for name in ("current", "new")}
    answer = back_to("/settings?done=password")
    try:
        change = checked(auth.PasswordChange, given)
        await auth.change_password(change, visit.session, visit.request, answer, visit.parts)
    except Invalid as invalid:
        return await _settings(visit, password=Sheet({}, invalid.problems))
    except Refused as refused:
        fields = {"wrong_credentials": "current", "password_weak": "new"}
        return await _settings(visit, password=Sheet({}, refusal_of(refused, fields)))
    return answer


async def save_zone(visit: Visit) -> Response:
    """Let this browser remember whose clock it shows."""
    answer = back_to("/settings?done=saved")
    answer.set_cookie(
        ZONE_COOKIE,
        clock_in(visit.text("timezone")).name,
        max_age=_YEAR,
        path="/",
        samesite="lax",
        secure=is_secure(visit.request),
    )
    return answer


async def end_session(visit: Visit) -> Response:
    """Sign out another browser."""
    session_id = visit.text("id")
    known = _SESSION.fullmatch(session_id)
    if not known or not await visit.parts.sessions.revoke(visit.user.id, session_id):
        raise Refused(404, "not_found", "This session is over already.")
    return back_to("/settings?done=session")


async def connect(visit: Visit) -> Response:
    """Connect an account on a platform."""
    typed = {name: visit.text(name) for name in ACCOUNT}
    try:
        new = checked(NewSocialAccount, _account(typed, or_none(visit.text("access_token"))))
        values = new.model_dump(exclude={"platform", "account_id"})
        await visit.parts.social_accounts.create(
            visit.user.id, new.platform, new.account_id, values
        )
    except Invalid as invalid:
        return await _settings(visit, account=Sheet(typed, invalid.problems))
    except AlreadyThere:
        problems = {"account_id": "You have connected this account already."}
        return await _settings(visit, account=Sheet(typed, problems))
    except ConfigurationWrong:
        problems = {"access_token": "The studio has no key to keep tokens with; its operator must set one."}  # fmt: skip
        return await _settings(visit, account=Sheet(typed, problems))
    return back_to("/settings?done=connected")


async def change_account(visit: Visit) -> Response:
    """Switch an account off or on, or forget it."""
    accounts, user_id = visit.parts.social_accounts, visit.user.id
    account_id = number(visit.text("id"))
    found = False
    if isinstance(account_id, int):
        if visit.text("action") == "disconnect":
            found = await accounts.delete(user_id, account_id)
        else:
            active = {"is_active": visit.text("action") == "switch_on"}
            found = await accounts.change(user_id, account_id, active) is not None
    if not found:
        raise Refused(404, "not_found", "There is no such account, or it is not yours.")
    return back_to("/settings?done=saved")


def _account(typed: dict[str, str], token: str | None) -> dict[str, Any]:
    publisher = typed["publisher"] if typed["publisher"] in PUBLISHERS else "log"
    if publisher == "webhook" and not typed["url"].startswith(("http://", "https://")):
        raise Invalid({"url": "A webhook needs an address that begins with https:// or http://."})
    address = {"url": typed["url"]} if publisher == "webhook" else {}
    return {
        "platform": typed["platform"],
        "account_id": typed["account_id"],
        "account_name": typed["account_name"] or typed["account_id"],
        "access_token": token,
        "metadata": {"publisher": publisher, **address},
    }


async def _settings(
    visit: Visit, *, profile: Sheet | None = None, password: Sheet = BLANK, account: Sheet = BLANK
) -> Response:
    assert visit.session is not None
    user = visit.user
    own = {name: getattr(user, name) or "" for name in PROFILE}
    sheets = {"profile": profile or Sheet(own), "password": password, "account": account}
    return visit.show(
        "settings.html",
        max(sheet.status for sheet in sheets.values()),
        **sheets,
        zones=zones(),
        sessions=await visit.parts.sessions.list(user.id),
        here=hashed(visit.session.sid),
        accounts=await visit.parts.social_accounts.list(user.id, limit=_MOST),
        publishers=[
            ("webhook", "A webhook"),
            ("feed", "The project’s public feed"),
            ("log", "The log"),
        ],
    )
