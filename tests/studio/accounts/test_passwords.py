"""Passwords: what is accepted, and that hashing them does not take the machine over."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import argon2
import pytest

from studio.accounts.passwords import Overloaded, Passwords, weakness

EMAIL = "dana@example.com"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("x9-k", "at least 8"),
        ("seven-7", "at least 8"),
        ("eight-88", None),
        ("        9 a", None),
        ("日本語のパスワード", None),
        ("a" * 300, "at most 256"),
        ("Password123", "first that anybody"),
        ("PASSWORD", "first that anybody"),
        ("abababababab", "first that anybody"),
        ("dana@example.com", "your address"),
        ("DANA@example.COM", "your address"),
        ("\ufb01\ufb01\ufb01\ufb01-", None),  # ligatures: eight letters once they are taken apart
    ],
)
def test_length_counts_and_composition_does_not(password: str, why: str | None) -> None:
    """Only what is short, endless, guessed first or one's own address is refused."""
    said = weakness(password, EMAIL)
    assert said is None if why is None else why in str(said)


def test_the_default_is_argon2id_as_owasp_has_it() -> None:
    """At least 19 MiB and two passes."""
    made = asyncio.run(Passwords().hash("a long and quiet evening"))
    parameters = argon2.extract_parameters(made)
    assert parameters.type is argon2.Type.ID
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2


def test_a_few_are_hashed_at_once_and_the_rest_wait(monkeypatch: Any) -> None:
    """Two at a time, three more wait, and the sixth is told that it is too much; the loop stays free meanwhile."""
    inside, most, go, two = 0, 0, threading.Event(), threading.Event()
    lock, original = threading.Lock(), argon2.PasswordHasher.hash

    def held(self: argon2.PasswordHasher, password: str) -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            if inside == 2:
                two.set()
        go.wait(60)
        with lock:
            inside -= 1
        return original(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", held)

    async def story() -> list[str]:
        passwords = Passwords(time_cost=1, memory_kib=8, at_once=2, waiting=3)
        tasks = [asyncio.create_task(passwords.hash(f"evening {n}")) for n in range(5)]
        assert await asyncio.to_thread(two.wait, 60)
        with pytest.raises(Overloaded):
            await passwords.hash("one too many")
        go.set()
        made = await asyncio.gather(*tasks)
        assert await passwords.check("evening 4", made[4])
        return made

    assert len(set(asyncio.run(story()))) == 5
    assert most == 2
