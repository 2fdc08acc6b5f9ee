"""Signatures are those of Standard Webhooks, so that any receiver's library accepts them."""

from __future__ import annotations

import pytest

from studio.publishing.signing import signature


def test_the_specifications_example() -> None:
    """The example that the libraries of Standard Webhooks test themselves with."""
    signed = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_everything_signed_counts() -> None:
    """Another secret, id, time or body gives another signature; a secret without prefix is taken as it is."""
    signed = {
        signature("secret", "id", 1, b"body"),
        signature("Secret", "id", 1, b"body"),
        signature("secret", "id2", 1, b"body"),
        signature("secret", "id", 2, b"body"),
        signature("secret", "id", 1, b"body2"),
        signature("whsec_c2VjcmV0Cg==", "id", 1, b"body"),
    }
    assert len(signed) == 6
    assert signature("whsec_c2VjcmV0", "id", 1, b"body") in signed


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "whsec_é"])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    """Nothing is ever signed with an empty key."""
    with pytest.raises(ValueError, match="the signing secret is"):
        signature(secret, "id", 1, b"")
