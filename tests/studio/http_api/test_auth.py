"""Signing in and out: what it takes, what it leaves behind, and what it does not tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import argon2
import httpx
import pytest

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
PASSWORD = "a long and quiet evening"
DANA = {"email": "dana@example.com", "password": PASSWORD}


async def login(browser: httpx.AsyncClient, **changes: str) -> httpx.Response:
    """Sign Dana in, or somebody else."""
    return await browser.post("/api/auth/login", json=DANA | changes)


def told(answer: httpx.Response) -> Any:
    """What a problem says, but for the request's name."""
    return {**answer.json(), "request_id": None}


async def test_registering_signs_in(studio: Studio) -> None:
    """A new account begins with a session; its answer holds no password, and caches nowhere."""
    browser = await studio.browser()
    answer = await browser.post("/api/auth/register", json=DANA | {"first_name": " Dana "})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["first_name"], answer.json()["role"]) == ("Dana", "user")
    assert "argon2" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    me = await browser.get("/api/auth/me")
    assert (me.status_code, me.json()) == (200, answer.json())


async def test_the_database_holds_neither_password_nor_session_id(
    studio: Studio, shelf: Shelf
) -> None:
    """A copy of the database signs nobody in: passwords are argon2id, sessions are kept by their hash."""
    dana = await studio.sign_in(DANA["email"])
    (kept,) = shelf.run("select password from users where email = %s", DANA["email"])
    assert kept.startswith("$argon2id$v=19$")
    rows = shelf.run("select sid || sess::text from sessions")
    assert len(rows) == 1
    assert dana.cookies["studio_session"] not in rows[0]


async def test_an_address_is_taken_whatever_its_case(studio: Studio) -> None:
    """There is one account to an address, and one may sign in to it in any case."""
    browser = await studio.browser()
    assert (await browser.post("/api/auth/register", json=DANA)).status_code == 201
    again = await browser.post("/api/auth/register", json=DANA | {"email": "DANA@Example.com"})
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    assert (await login(browser, email="  DANA@example.COM ")).status_code == 200


PASSWORDS = [
    ("seven77", 422),
    ("eight888", 201),
    ("\uff45ight888", 201),  # a wide e: the same key on another keyboard
    ("no rules but its length is what counts", 201),
    ("x" * 256 + "yz", 422),
    ("Password123", 422),
    ("aaaaaaaaaaaa", 422),
    ("3@example.com", 422),
    ("half \ud83d of a smile", 422),
    ("a nul \0 inside", 422),
]


async def test_length_is_what_makes_a_password(studio: Studio) -> None:
    """From 8 to 256 characters of any kind, but not the first that anybody guesses."""
    browser = await studio.browser()
    for password, status in PASSWORDS:
        body = json.dumps({"email": "3@example.com", "password": password})
        if status == 201:
            body = body.replace("3@", f"{PASSWORDS.index((password, status))}@", 1)
        answer = await browser.post(
            "/api/auth/register", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == status, (password, answer.text)
    assert (await login(browser, email="2@example.com", password="eight888")).status_code == 200


async def test_a_refusal_does_not_tell_why(studio: Studio, shelf: Shelf, monkeypatch: Any) -> None:
    """Unknown, wrong, without a password, inactive: the same words, headers and number of argon2 computations."""
    await studio.parts.accounts.create("dana@example.com", PASSWORD)
    await studio.parts.accounts.create("demo@example.com", None)
    await studio.parts.accounts.create("gone@example.com", PASSWORD)
    shelf.run("update users set is_active = false where email = 'gone@example.com'")
    browser = await studio.browser()
    await login(browser, password="the hash of nobody's is made once")

    computed: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counted(self: argon2.PasswordHasher, stored: str, password: str) -> bool:
        computed.append(argon2.extract_parameters(stored).__repr__())
        return verify(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    answers = [
        await login(browser, email="nobody@example.com"),
        await login(browser, password="another long evening"),
        await login(browser, email="demo@example.com"),
        await login(browser, email="gone@example.com"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert all(told(answer) == told(answers[0]) for answer in answers)
    assert all(list(answer.headers) == list(answers[0].headers) for answer in answers)
    assert len(computed) == 4
    assert len(set(computed)) == 1


async def test_a_session_that_was_planted_is_worth_nothing(studio: Studio) -> None:
    """Signing in begins a new session; the one that the browser came with ends, whosever it was."""
    eve = await studio.sign_in("eve@example.com")
    planted = eve.cookies["studio_session"]
    await studio.parts.accounts.create(**DANA)
    victim = await studio.browser()
    for cookie in (planted, "made-up"):
        victim.cookies.clear()
        answer = await victim.post(
            "/api/auth/login", json=DANA, headers={"Cookie": f"studio_session={cookie}"}
        )
        assert len(answer.cookies["studio_session"]) == 43
        assert answer.cookies["studio_session"] != cookie
    assert (await eve.get("/api/auth/me")).status_code == 401


async def test_signing_out_ends_the_session_itself(studio: Studio) -> None:
    """The browser forgets its cookies, and whoever has kept them gets in no more."""
    dana = await studio.sign_in(DANA["email"])
    kept = dict(dana.cookies)
    assert (await dana.post("/api/auth/logout")).status_code == 204
    assert not dana.cookies
    thief = await studio.browser()
    thief.cookies.update(kept)
    assert (await thief.get("/api/auth/me")).status_code == 401


async def test_an_account_that_is_switched_off_is_signed_out(studio: Studio, shelf: Shelf) -> None:
    """Sessions that were begun before end with the account."""
    dana = await studio.sign_in(DANA["email"])
    shelf.run("update users set is_active = false where email = %s", DANA["email"])
    assert (await dana.get("/api/auth/me")).status_code == 401


async def test_hashes_grow_with_the_times(studio: Studio, shelf: Shelf) -> None:
    """A hash with other parameters than today's is replaced when its owner signs in."""
    old = argon2.PasswordHasher(time_cost=1, memory_cost=16, parallelism=2).hash(PASSWORD)
    await studio.parts.accounts.create(**DANA)
    shelf.run("update users set password = %s where email = %s", old, DANA["email"])
    browser = await studio.browser()
    assert (await login(browser)).status_code == 200
    (new,) = shelf.run("select password from users where email = %s", DANA["email"])
    assert new != old
    assert argon2.extract_parameters(new).memory_cost == 8
    assert (await login(browser)).status_code == 200
    assert shelf.run("select password from users where email = %s", DANA["email"]) == [new]


async def test_a_password_of_another_kind_opens_nothing(studio: Studio, shelf: Shelf) -> None:
    """A hash that argon2 does not know is one that nothing matches, not an error."""
    await studio.parts.accounts.create(**DANA)
    shelf.run("update users set password = '$2b$12$abcdefghijklmnopqrstuv'")
    assert (await login(await studio.browser())).status_code == 401


async def test_changing_the_password_ends_every_other_session(studio: Studio) -> None:
    """Whoever had got in is out; the browser that changed it stays, under a new session."""
    dana, elsewhere = await studio.sign_in(DANA["email"]), await studio.sign_in(DANA["email"])
    before = dana.cookies["studio_session"]
    change = {"current": PASSWORD, "new": "an evening of another kind"}
    wrong = await dana.post("/api/auth/password", json=change | {"current": "was not it"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_credentials")
    weak = await dana.post("/api/auth/password", json=change | {"new": "password123"})
    assert (weak.status_code, weak.json()["code"]) == (422, "password_weak")
    assert (await dana.post("/api/auth/password", json=change)).status_code == 200
    assert (await elsewhere.get("/api/auth/me")).status_code == 401
    assert (await dana.get("/api/auth/me")).status_code == 200
    assert dana.cookies["studio_session"] != before
    assert (await login(elsewhere)).status_code == 401
    assert (await login(elsewhere, password=change["new"])).status_code == 200


async def test_a_profile_changes_by_what_is_named(studio: Studio, shelf: Shelf) -> None:
    """What a PATCH does not name stays; null empties; role and address are not among what it takes."""
    dana, _ = await studio.sign_in(DANA["email"]), await studio.sign_in("eve@example.com")
    picture = "https://example.com/dana.png"
    await dana.patch("/api/auth/me", json={"first_name": "Dana", "profile_image_url": picture})
    answer = await dana.patch("/api/auth/me", json={"last_name": "Demo", "first_name": None})
    shown = [answer.json()[name] for name in ("first_name", "last_name", "profile_image_url")]
    assert shown == [None, "Demo", picture]
    for change in ({"role": "admin"}, {"email": "x@y"}, {"profile_image_url": "javascript:1"}):
        assert (await dana.patch("/api/auth/me", json=change)).status_code == 422
    assert shelf.run("select count(*) from users where last_name is not null") == [1]


async def test_sessions_are_seen_and_ended_one_by_one(studio: Studio) -> None:
    """A user sees where they are signed in, and ends what is not theirs any more; another's are not there."""
    dana, phone = await studio.sign_in(DANA["email"]), await studio.sign_in(DANA["email"])
    eve = await studio.sign_in("eve@example.com")
    seen = (await dana.get("/api/auth/sessions")).json()
    assert len(seen) == 2
    assert {session["address"] for session in seen} == {"127.0.0.1"}
    assert "httpx" in seen[0]["user_agent"]
    newest = f"/api/auth/sessions/{seen[0]['id']}"
    assert (await eve.delete(newest)).status_code == 404
    assert (await phone.get("/api/auth/me")).status_code == 200
    assert (await dana.delete(newest)).status_code == 204
    assert (await phone.get("/api/auth/me")).status_code == 401
    assert (await dana.get("/api/auth/me")).status_code == 200
