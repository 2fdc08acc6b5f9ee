"""Stages: found in the file, one by one; and what is missing, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.deploy.secrets import concealed
from lockstep.deploy.stages import settings_of_stages, stages_of
from lockstep.errors import ConfigurationWrong

FILE = """
health_window = "2m"
[environments.dev]
branch = "dev"
url = "https://dev.example.com/"
[environments.production]
remote = "upstream"
branch = "refs/heads/main"
url = "https://example.com"
lock_wait = "30s"
"""


def test_each_stage_is_what_the_file_says_and_what_its_own_variable_adds(tmp_path: Path) -> None:
    """A variable that would make all stages the same is not heard, nor a database that is nobody's."""
    (tmp_path / "lockstep.toml").write_text(FILE)
    environ = {
        "LOCKSTEP_BRANCH": "mine", "LOCKSTEP_URL": "http://here", "DATABASE_URL": "dbname=here",
        "LOCKSTEP_DATABASE_URL": "dbname=here", "PRODUCTION_DATABASE_URL": "dbname=there",
    }  # fmt: skip
    settings = settings_of_stages(("dev", "production"), {}, environ, tmp_path)
    dev, production = stages_of(settings)
    assert (dev.where, dev.url, dev.window, dev.has_database) == ("origin/dev", "https://dev.example.com", 120.0, False)  # fmt: skip
    assert (production.where, production.branch) == ("upstream/main", "main")
    assert (production.budget.boot, production.has_database) == (30 + 30 + 60 + 60, True)
    assert settings["production"].database == "dbname=there"
    assert settings["dev"].environment == "dev"


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    """With the line to write; and two stages on one branch would be one."""
    text = '[environments.dev]\nplatform = "command"\n[environments.qa]\nbranch = "b"\nurl = "http://u"\n[environments.qb]\nbranch = "b"\nurl = "http://u"\n'  # fmt: skip
    (tmp_path / "lockstep.toml").write_text(text)
    settings = settings_of_stages(("dev", "qa", "qb", "production"), {}, {}, tmp_path)
    with pytest.raises(ConfigurationWrong) as caught:
        stages_of(settings)
    assert [problem.what for problem in caught.value.problems] == [
        "url of dev is not set",
        "deploy_command of dev is not set",
        "url of production is not set",
        "branch of production is not set",
        "qa and qb both deploy from origin/b",
    ]
    assert caught.value.problems[3].next_step == '[environments.production] branch = "production"'


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("example.com", "an address begins with https:// or http://"),
        ("https://", "names a host"),
        ("http://x:99999", "Port out of range"),
        ("https://me:hunter2@x", "it names a user"),
    ],
)
def test_an_address_that_is_none_is_told_before_anything_is_done(tmp_path: Path, url: str, wrong: str) -> None:  # fmt: skip
    """Without the secret that it may hold."""
    (tmp_path / "lockstep.toml").write_text(f'[environments.dev]\nbranch = "b"\nurl = "{url}"\n')
    with pytest.raises(ConfigurationWrong) as caught:
        stages_of(settings_of_stages(("dev",), {}, {}, tmp_path))
    (problem,) = caught.value.problems
    assert problem.what.startswith("url of dev is wrong: ")
    assert wrong in problem.what
    assert "hunter2" not in problem.what


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ghp_abc@github.com/a", "https://***@github.com/a"),
        ("https://me:pass@host/a", "https://me:***@host/a"),
        ("git@github.com:me/a.git", "git@github.com:me/a.git"),
        ("FLY_API_TOKEN=abc fly deploy", "FLY_API_TOKEN=*** fly deploy"),
        ("remote: postgresql://u:p@h/d", "remote: postgresql://u:***@h/d"),
    ],
)
def test_secrets_are_concealed(text: str, shown: str) -> None:
    """Passwords, tokens in place of a user, values of variables named for secrets."""
    assert concealed(text) == shown
