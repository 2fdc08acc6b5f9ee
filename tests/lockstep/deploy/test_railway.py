"""What Railway's CLI prints, read for one commit."""

from __future__ import annotations

import json

import pytest

from lockstep.deploy.railway import deployment_of

COMMIT = "4f2a9c1d" * 5


def listed(*deployments: tuple[str, str, str]) -> str:
    """The CLI's output for deployments of (id, status, commit), newest first."""
    found = [
        {"id": name, "status": status, "createdAt": f"2026-11-22T12:00:{59 - at}Z", "meta": {"commitHash": commit}}
        for at, (name, status, commit) in enumerate(deployments)
    ]  # fmt: skip
    return json.dumps([*found, {"id": "up", "status": "SUCCESS", "createdAt": "", "meta": None}], indent=2)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("SUCCESS", "succeeded"), ("SLEEPING", "succeeded"), ("FAILED", "failed"), ("CRASHED", "failed"),
        ("SKIPPED", "failed"), ("WAITING", "waiting"), ("QUEUED", "waiting"), ("BUILDING", "waiting"),
        ("INITIALIZING", "waiting"), ("DEPLOYING", "waiting"), ("A_NEW_ONE", "waiting"),
    ],
)  # fmt: skip
def test_a_status_is_one_of_three_words(status: str, word: str) -> None:
    """Only an end that is known is an end."""
    found = deployment_of(listed(("d1", status, COMMIT)), COMMIT)
    assert (found.word, found.id) == (word, "d1")


def test_only_the_newest_deployment_of_the_commit_counts() -> None:
    """Others are newer or older, of other commits, or of none."""
    output = listed(("d4", "SUCCESS", "0" * 40), ("d3", "BUILDING", COMMIT), ("d2", "FAILED", COMMIT))  # fmt: skip
    assert deployment_of(output, COMMIT).id == "d3"
    assert deployment_of(listed(("d4", "SUCCESS", "0" * 40)), COMMIT).word == "waiting"
    assert deployment_of("[]", COMMIT).word == "waiting"


def test_words_of_the_cli_around_the_list_are_passed_over() -> None:
    """A notice of a newer version does no harm; no list at all is an error."""
    output = f"New version available: v5\n{listed(('d1', 'SUCCESS', COMMIT))}\n"
    assert deployment_of(output, COMMIT).word == "succeeded"
    with pytest.raises(ValueError, match="Expecting value"):
        deployment_of("Unauthorized. Please login", COMMIT)
