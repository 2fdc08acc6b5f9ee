"""The studio's settings come from the environment, and all that is wrong with them is said at once."""

from __future__ import annotations

import pytest

from lockstep import ConfigurationWrong
from studio.settings import Settings, read_settings


def test_without_an_environment_there_are_defaults() -> None:
    """Nothing has to be set, and an empty variable is none."""
    assert read_settings({}) == Settings()
    assert (
        read_settings({"STUDIO_POLL_SECONDS": " ", "STUDIO_PORT": "tcp://10.0.0.1"}) == Settings()
    )


def test_each_setting_is_read() -> None:
    """Every setting has its variable."""
    environ = {
        "STUDIO_POLL_SECONDS": "0.5",
        "STUDIO_LEASE_SECONDS": "60",
        "STUDIO_PUBLISH_ATTEMPTS": "3",
        "STUDIO_RETRY_SECONDS": "2.5",
    }
    assert read_settings(environ) == Settings(0.5, 60.0, 3, 2.5)


def test_where_things_go_is_read() -> None:
    """Networks, choices and addresses; what is no address is refused, and no secret is shown."""
    environ = {
        "STUDIO_SECRET_KEY": "very secret",
        "STUDIO_WITHOUT_ACCOUNT": "reject",
        "STUDIO_WEBHOOK_ALLOW_PRIVATE": "10.0.0.0/8, ::1",
        "STUDIO_WRITER_URL": "http://127.0.0.1:11434/v1",
        "STUDIO_WRITER_KEY": "very secret",
        "STUDIO_WRITER_MODEL": "small",
    }
    read = read_settings(environ)
    assert (read.secret_key, read.without_account) == ("very secret", "reject")
    assert read.webhook_allow_private == ("10.0.0.0/8", "::1/128")
    assert (read.writer_url, read.writer_model) == ("http://127.0.0.1:11434/v1", "small")
    assert "very secret" not in repr(read)
    wrong = {"STUDIO_WRITER_URL": "model.example", "STUDIO_WEBHOOK_ALLOW_PRIVATE": "all"}
    with pytest.raises(ConfigurationWrong) as caught:
        read_settings(wrong)
    assert len(caught.value.problems) == 2


def test_everything_wrong_is_said_at_once() -> None:
    """Each wrong value is named with what would be right, in one refusal."""
    environ = {
        "STUDIO_POLL_SECONDS": "nan",
        "STUDIO_LEASE_SECONDS": "soon",
        "STUDIO_PUBLISH_ATTEMPTS": "2.5",
        "STUDIO_RETRY_SECONDS": "1e9",
    }
    with pytest.raises(ConfigurationWrong) as caught:
        read_settings(environ)
    assert [problem.what for problem in caught.value.problems] == [
        "STUDIO_POLL_SECONDS: nan is not between 0.1 and 60",
        "STUDIO_LEASE_SECONDS: 'soon' is not a number",
        "STUDIO_PUBLISH_ATTEMPTS: '2.5' is not a whole number",
        "STUDIO_RETRY_SECONDS: 1e9 is not between 0.1 and 3600",
    ]
    assert caught.value.exit_status == 78


def test_doors_and_sessions_have_their_settings() -> None:
    """Proxies are addresses or networks, in either notation of a list; what is neither is refused by name."""
    environ = {
        "STUDIO_TRUSTED_PROXIES": "10.0.0.7, 10.1.0.0/16 fd12::/16",
        "STUDIO_BODY_BYTES": "2048",
        "STUDIO_SESSION_DAYS": "0.5",
        "STUDIO_SIGN_IN_ATTEMPTS": "3",
        "STUDIO_ADDRESS_ATTEMPTS": "30",
    }
    assert read_settings(environ) == Settings(
        trusted_proxies=("10.0.0.7/32", "10.1.0.0/16", "fd12::/16"),
        body_bytes=2048,
        session_days=0.5,
        sign_in_attempts=3,
        address_attempts=30,
    )
    for wrong in ("*", "proxy.internal", "10.1.0.1/16", "10.0.0.7;10.0.0.8"):
        with pytest.raises(ConfigurationWrong) as caught:
            read_settings({"STUDIO_TRUSTED_PROXIES": wrong})
        assert caught.value.problems[0].what == (
            f"STUDIO_TRUSTED_PROXIES: {wrong!r} is neither an address nor a network"
        )


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "log"),
        ({"LOCKSTEP_ENV": "development"}, "log"),
        ({"LOCKSTEP_ENV": "test"}, "log"),
        ({"LOCKSTEP_ENV": "production"}, "reject"),
        ({"LOCKSTEP_ENV": "staging"}, "reject"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "reject"),
        ({"LOCKSTEP_ENV": "production", "STUDIO_WITHOUT_ACCOUNT": "log"}, "log"),
        ({"LOCKSTEP_ENV": "test", "STUDIO_WITHOUT_ACCOUNT": "reject"}, "reject"),
    ],
)
def test_in_production_the_log_is_no_publisher_unless_that_is_said(
    environ: dict[str, str], expected: str
) -> None:
    """What is said counts; else the environment decides, as the engine knows it."""
    assert read_settings(environ).without_account == expected
