"""A plan: a pure function from what is known to the steps with their commands, and to what is in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep.cli.colour import Palette
from lockstep.deploy.budget import Budget
from lockstep.deploy.formats import deploy_data, deploy_text
from lockstep.deploy.plan import CHANGES, Facts, Plan, Relation, Tip, Wanted, make_plan
from lockstep.deploy.reports import Planned
from lockstep.deploy.stages import Stage

HEAD = "4f2a9c1d" * 5
OLD = "1111111a" * 5
BUDGET = Budget(30.0, 240.0, 60.0, "assumed", 60.0, 10.0, 10.0)
DEV = Stage("dev", "https://dev.example.com", BUDGET, branch="dev")
PRODUCTION = Stage("production", "https://example.com", BUDGET, branch="main", has_database=True)
STAGES = (DEV, PRODUCTION)


def facts(dev: Relation = "behind", production: Relation = "behind") -> Facts:
    """A clean tree whose commit stands so to the branches."""
    tips = {
        name: Tip({"absent": "", "same": HEAD}.get(relation, OLD), relation)
        for name, relation in (("dev", dev), ("production", production))
    }
    return Facts(HEAD, (), "", tips, {})


def names(plan: Plan, *, left: bool = False) -> list[str]:
    """What the steps are called; *left*: only of those that are not done."""
    return [step.name for step in plan.steps if not (left and step.done)]


def in_the_way(plan: Plan) -> list[str]:
    """What fails already."""
    return [check.name for check in plan.findings if check.result == "fails"]


def test_a_commit_goes_through_every_stage_and_is_verified_before_the_next() -> None:
    """The order is the safety: nothing is pushed before the preflight, no stage before the last one is verified."""
    plan = make_plan(STAGES, facts(), Wanted(prove=True, tests="make test"))
    assert plan.possible
    assert names(plan) == [
        "lint", "snapshot", "prove", "tests", "budget dev", "push dev", "verify dev",
        "budget production", "push production", "verify production",
    ]  # fmt: skip
    assert names(plan) == names(plan, left=True)


def test_every_step_shows_the_command_that_does_it() -> None:
    """What is pushed is the very commit, and never forced; a database is named by its variable."""
    plan = make_plan(STAGES, facts(), Wanted(flags=("--migrations", "my files")))
    shown = {step.name: step.shown for step in plan.steps}
    assert shown["lint"] == "lockstep lint --migrations 'my files'"
    assert shown["push production"] == f"git push --porcelain origin {HEAD}:refs/heads/main"
    assert "--force" not in " ".join(shown.values())
    assert shown["verify dev"].endswith(f"--without database --release {HEAD}")
    assert shown["verify production"].endswith('--database "$PRODUCTION_DATABASE_URL"')
    assert "--without database" not in shown["verify production"]


def test_what_is_not_committed_is_committed_only_when_that_is_said() -> None:
    """With a message, after the preflight and before the first push; without changes there is nothing to commit."""
    changed = replace_facts(facts(), changes=("a.sql", "b.sql", "c.sql", "d.sql"))
    refused = make_plan(STAGES, changed, Wanted())
    assert in_the_way(refused) == ["tree"]
    assert "a.sql, b.sql, c.sql and 1 more" in refused.findings[0].saw
    plan = make_plan(STAGES, changed, Wanted(message="Add it's table"))
    assert plan.possible
    assert names(plan)[2:5] == ["budget dev", "commit", "push dev"]
    commit, push = plan.steps[3:5]
    assert commit.shown == """git add --all && git commit -m 'Add it'"'"'s table'"""
    assert push.shown.endswith("HEAD:refs/heads/dev")
    clean = make_plan(STAGES, facts(), Wanted(message="again"))
    assert "commit" not in names(clean, left=True)


@pytest.mark.parametrize("relation", ["ahead", "apart", "unknown"])
@pytest.mark.parametrize("stage", ["dev", "production"])
def test_a_branch_that_cannot_move_forward_is_in_the_way(relation: Relation, stage: str) -> None:
    """It is told for either stage before anything is done, with what to run, which forces nothing."""
    plan = make_plan(STAGES, facts(**{stage: relation}), Wanted())
    assert in_the_way(plan) == [f"branch {stage}"]
    (check,) = [check for check in plan.findings if check.result == "fails"]
    assert f"git fetch origin {'main' if stage == 'production' else 'dev'}" in check.todo
    assert OLD[:7] in check.saw


@pytest.mark.parametrize("unfinished", ["merge", "rebase"])
def test_a_merge_under_way_is_in_the_way(unfinished: str) -> None:
    """Even with a message: what would be committed is nobody's decision."""
    plan = make_plan(STAGES, replace_facts(facts(), unfinished=unfinished), Wanted(message="x"))
    assert in_the_way(plan) == ["tree"]


def test_a_boot_as_long_as_the_platforms_patience_is_in_the_way() -> None:
    """It is told for the last stage before the first is touched; a platform of which nothing is said has what init writes."""
    hasty = replace_stage(PRODUCTION, health_window=390.0)
    assert in_the_way(make_plan((DEV, hasty), facts(), Wanted())) == ["budget production"]
    assert DEV.window == BUDGET.window


def test_what_is_done_is_recognised() -> None:
    """Pushes by where the branch is, checks and verifications by what is remembered for the commit."""
    first = make_plan(STAGES, facts(), Wanted(tests="make test"))
    done = {step.key: "12:00" for step in first.steps if step.kind != "budget"}
    half = replace_facts(facts(dev="same"), done=done)
    resumed = make_plan(STAGES, half, Wanted(tests="make test"))
    assert names(resumed, left=True) == ["budget dev", "budget production", "push production", "verify production"]  # fmt: skip
    other = make_plan(STAGES, half, Wanted(tests="make test more"))
    assert "tests" in names(other, left=True)
    everything = make_plan(STAGES, replace_facts(facts("same", "same"), done=done), Wanted())
    assert not {step.kind for step in everything.steps if not step.done} & {*CHANGES, "verify"}


def test_what_held_for_the_commit_before_is_checked_again_for_what_is_to_be_committed() -> None:
    """The tree is another than the one that was checked."""
    changed = replace_facts(facts(), changes=("a.sql",), done={"lockstep lint": "12:00"})
    assert names(make_plan(STAGES, changed, Wanted(message="More")), left=True)[0] == "lint"
    assert names(make_plan(STAGES, changed, Wanted()), left=True)[0] == "snapshot"


def test_a_verification_counts_only_while_the_branch_is_still_there() -> None:
    """Where the branch was moved back meanwhile, the commit is pushed and verified again."""
    moved = replace_facts(facts(), done={"verify dev": "12:00"})
    assert names(make_plan(STAGES, moved, Wanted()), left=True)[3:5] == ["push dev", "verify dev"]


def test_platforms_have_steps_of_their_own() -> None:
    """A command deploys instead of a push, Railway's CLI is asked between push and verification."""
    by_command = Stage("dev", "https://x", BUDGET, "command", command="fly deploy --token=abc")
    on_railway = replace_stage(PRODUCTION, platform="railway", service="web")
    plan = make_plan((by_command, on_railway), facts(), Wanted())
    assert names(plan)[3:] == [
        "command dev", "verify dev", "budget production", "push production", "railway production", "verify production",
    ]  # fmt: skip
    shown = {step.name: step.shown for step in plan.steps}
    assert shown["command dev"] == "fly deploy --token=***"
    assert shown["railway production"] == "railway deployment list --environment production --service web --limit 10 --json"  # fmt: skip


def test_secrets_of_remotes_are_not_shown() -> None:
    """Neither a password nor a token in a remote's address reaches the plan, as text or as JSON."""
    secret = replace_stage(DEV, remote="https://ghp_token@example.com/a.git")
    worse = replace_stage(PRODUCTION, remote="https://me:pass@example.com/b.git")
    plan = make_plan((secret, worse), facts(production="apart"), Wanted())
    shown = deploy_data.render(Planned(plan)) + deploy_text.Text(Palette(False)).render(Planned(plan))  # fmt: skip
    assert "ghp_token" not in shown
    assert "pass@" not in shown
    assert "https://***@example.com/a.git" in shown
    assert plan.steps[3].command[3] == "https://ghp_token@example.com/a.git"


def replace_facts(known: Facts, **changes: object) -> Facts:
    """Return *known* with other values."""
    return replace(known, **changes)  # type: ignore[arg-type]


def replace_stage(stage: Stage, **changes: object) -> Stage:
    """Return *stage* with other values."""
    return replace(stage, **changes)  # type: ignore[arg-type]
