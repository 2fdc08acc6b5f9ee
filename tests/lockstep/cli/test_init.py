"""``lockstep init``: the files that a project begins with, or that a platform wants; what is there and differs is never lost."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lockstep.cli.deploying import PLATFORM_NAMES
from lockstep.deploy.platforms.rendering import PLATFORMS
from lockstep.testing import Project

ROOT = Path(__file__).parents[3]
SERVE = ("--application", "shop:application")
ITEMS = "create table if not exists items (id bigint);"


@pytest.fixture
def shop(project: Project) -> Project:
    """A folder named shop, empty; its commands find the test's database in the environment."""
    root = project.root.with_name("shop")
    root.mkdir()
    return Project(root, project.database)


def files(root: Path) -> set[str]:
    """The files of a folder, but not those of the development database."""
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


def told(shop: Project, *arguments: str) -> dict[str, Any]:
    """What ``init --json`` says."""
    finished = shop.run("init", "--json", *arguments)
    assert finished.status == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def states(found: dict[str, Any]) -> dict[str, str]:
    """Each file with how it stood before."""
    return {file["path"]: file["state"] for file in found["files"]}


def test_a_new_project_boots_with_what_was_written(shop: Project) -> None:
    """lockstep.toml names the folder's application; with a first file `up` goes through, and under that name."""
    assert shop.run("init", *SERVE).status == 0
    assert files(shop.root) == {"lockstep.toml", "migrations/README.md", "seeds/README.md"}
    shop.migration("0001_items.sql", ITEMS)
    assert shop.run("up").status == 0
    booted = shop.run("boots", "--json").events[0]["boots"]
    assert [boot["outcome"] for boot in booted] == ["completed"]
    assert 'app = "shop"' in (shop.root / "lockstep.toml").read_text()


def test_what_differs_keeps_everything_from_being_written(shop: Project) -> None:
    """Exit status 78, the file named, no other one made; --force writes; again, all is unchanged."""
    mine = shop.root / "compose.yaml"
    mine.write_text("services: {}\n")
    arguments = ("init", "--platform", "docker", *SERVE)
    refused = shop.run(*arguments, "--json")
    assert refused.status == 78
    assert [problem["where"] for problem in refused.error["problems"]] == ["compose.yaml"]
    assert files(shop.root) == {"compose.yaml"}
    assert mine.read_text() == "services: {}\n"
    assert shop.run(*arguments, "--force").status == 0
    assert "Dockerfile" in files(shop.root)
    assert set(states(told(shop, *arguments[1:])).values()) == {"unchanged"}


def test_a_dry_run_prints_and_writes_nothing(shop: Project) -> None:
    """The whole text stands below the file's path and state."""
    shown = shop.run("init", "--platform", "procfile", *SERVE, "--dry-run")
    assert shown.stdout.startswith("==> Procfile (new)\n")
    assert "\nweb: lockstep serve shop:application\n" in shown.stdout
    assert files(shop.root) == set()


def test_platforms_share_the_image(shop: Project) -> None:
    """Kubernetes and Railway run what the Dockerfile makes, which is written once."""
    found = told(shop, "--platform", "kubernetes", "--platform", "railway", *SERVE, "--dry-run")
    assert list(states(found)) == ["Dockerfile", ".dockerignore", "deploy/kubernetes.yaml", ".railway/railway.ts"]  # fmt: skip
    assert not found["written"]


def test_the_environment_has_no_part_in_it(shop: Project) -> None:
    """What is written depends on the folder and the flags: a PORT or a LOCKSTEP_* of the one who writes changes nothing."""
    arguments = ("init", "--platform", "kubernetes", *SERVE, "--dry-run")
    plain = shop.run(*arguments)
    told_otherwise = shop.run(*arguments, PORT="9", LOCKSTEP_LOCK_WAIT="1s", LOCKSTEP_APP="other")
    assert plain.stdout == told_otherwise.stdout
    assert "name: shop\n" in plain.stdout


def test_a_service_of_which_nothing_says_what_runs_is_refused(shop: Project) -> None:
    """Unless the platform's files do not say it: a workflow needs no application."""
    refused = shop.run("init", "--platform", "systemd", "--json")
    assert refused.status == 78
    assert "--application" in refused.error["next"]
    assert told(shop, "--platform", "github")["written"]
    found = told(shop, "--platform", "systemd", "--run", "lockstep run -- ./shop")
    assert states(found) == {"deploy/shop.service": "new"}


def test_the_budget_of_init_and_of_deploy_is_one(shop: Project) -> None:
    """The ledger of the database that is named is read, not that in the environment; a deploy says the same of the same database."""
    shop.run("init", *SERVE)
    shop.migration("0001_items.sql", ITEMS)
    assert shop.run("up").status == 0
    with psycopg.connect(shop.database) as connection:
        connection.execute("update lockstep.ledger set seconds = 100")
    arguments = ("--platform", "kubernetes", "--dry-run")
    assert told(shop, *arguments)["budget"]["files_from"] == "assumed"
    found = told(shop, *arguments, "--database", shop.database)["budget"]
    assert (found["measured"], found["boot"], found["window"]) == (True, 530, 560)
    shop.migration("0002_more.sql", "alter table items add column if not exists name text;")
    stage = '[environments.dev]\nurl = "http://127.0.0.1:9"\nremote = "."\nbranch = "dev"\n'
    (shop.root / "lockstep.toml").write_text('app = "shop"\nstages = "dev"\n' + stage)
    _commit(shop.root)
    deployed = shop.run("deploy", "--yes", "--json", DEV_DATABASE_URL=shop.database)
    ended = next(e for e in deployed.events if e["event"] == "Ended" and e["step"] == "budget dev")
    assert ended["saw"].startswith(f"a boot may take {found['boot']} s: connect 30 s + lock 240 s + files 200 s (twice 100 s ")  # fmt: skip
    assert ended["result"] == "failed"
    assert f'[environments.dev] health_window = "{found["window"]}s"' in ended["todo"]


def _commit(root: Path) -> None:
    person = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "First"]):
        subprocess.run(["git", *person, *words], cwd=root, check=True)


def test_what_is_written_is_told_with_its_budget(shop: Project) -> None:
    """So that a person sees how long the platform will wait; the files that a project begins with have none."""
    written = shop.run("init", "--platform", "kubernetes", *SERVE).stdout
    assert "\nbudget    a boot may take 390 s: connect 30 s + " in written
    assert "; a platform is told to wait 420 s\n" in written
    assert "budget" not in shop.run("init", *SERVE).stdout


def test_the_studio_s_own_files_are_fresh() -> None:
    """What `make platforms` would write is what is there."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    (line,) = re.findall(r"(?m)^platforms:.*\n\t@\S+/lockstep (init .*) --force$", makefile)
    found = Project(ROOT, "dbname=nobody").run(*shlex.split(line), "--dry-run", "--json")
    assert found.status == 0, found.stderr
    assert set(states(json.loads(found.stdout)).values()) == {"unchanged"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--requirements", "nothing.lock"), "there is no file nothing.lock"),
        (("--python", "three"), "'three' is not a version of Python"),
        (("--run", "it's"), "cannot be read"),
    ],
)
def test_a_wrong_argument_is_said(shop: Project, arguments: tuple[str, str], said: str) -> None:
    """Exit status 78, and nothing is written."""
    refused = shop.run("init", "--platform", "docker", *SERVE, *arguments, "--json")
    assert refused.status == 78
    assert said in refused.error["what"]
    assert files(shop.root) == set()


def test_without_pins_the_image_says_so(shop: Project) -> None:
    """requirements.txt is taken where there is no lock file; it has no hashes to be held against."""
    (shop.root / "requirements.txt").write_text("pg-lockstep[serve]\n")
    shown = shop.run("init", "--platform", "docker", *SERVE, "--dry-run").stdout
    assert '"-r", "requirements.txt"]' in shown
    assert "--require-hashes" not in shown
    assert "# Before the code" in shown


def test_every_platform_can_be_named() -> None:
    """The command line knows their names without loading what renders them."""
    assert set(PLATFORM_NAMES) == set(PLATFORMS)
