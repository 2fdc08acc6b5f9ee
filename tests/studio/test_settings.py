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
