"""The planner over HTTP: from a brief to content that is scheduled, halted, set going and written anew."""

from __future__ import annotations

import asyncio
import re
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from studio.planner.drafts import QUERIES as DRAFTS
from studio.planner.needs import NEEDS
from studio.planner.plans import QUERIES as PLANS

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
BRIEF = {
    "title": "Bread",
    "description": "Loaves in a small kitchen",
    "duration_days": 4,
    "content_frequency": "twice_daily",
    "target_platforms": ["instagram", "linkedin"],
    "content_categories": ["tutorial"],
    "timezone": "Europe/Berlin",
}


async def planned(browser: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Plan a project; return it with its calendar."""
    answer = await browser.post("/api/ai-projects", json={**BRIEF, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def asked(
    browser: httpx.AsyncClient, plan: dict[str, Any], path: str, status: int = 200, **body: Any
) -> dict[str, Any]:
    """Order something to be done with a plan."""
    order = body if path == "generate" else None
    answer = await browser.post(f"/api/ai-projects/{plan['id']}/{path}", json=order)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def seen(browser: httpx.AsyncClient, plan: dict[str, Any]) -> dict[str, Any]:
    """Read a plan with its calendar."""
    answer = await browser.get(f"/api/ai-projects/{plan['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_plan_is_laid_out_and_read(studio: Studio) -> None:
    """With a calendar from tomorrow on, and a project of its own; the list shows it without its calendar."""
    dana = await studio.sign_in("dana@example.com")
    plan = await planned(dana)
    assert (plan["status"], plan["slots"], plan["drafts"], plan["scheduled"]) == ("draft", 8, 0, 0)
    assert [place["day"] for place in plan["calendar"]] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert {place["platform"] for place in plan["calendar"]} == {"instagram", "linkedin"}
    assert {place["category"] for place in plan["calendar"]} == {"tutorial"}
    assert all(0 <= place["optimal_score"] <= 1 for place in plan["calendar"])
    assert date.fromisoformat(plan["end_date"]) - date.fromisoformat(
        plan["start_date"]
    ) == timedelta(days=3)
    assert await seen(dana, plan) == plan
    (listed,) = (await dana.get("/api/ai-projects")).json()["items"]
    assert listed == {name: value for name, value in plan.items() if name != "calendar"}
    project = (await dana.get(f"/api/projects/{plan['project_id']}")).json()
    assert (project["name"], project["tags"]) == ("Bread", ["tutorial"])


async def test_the_list_has_pages(studio: Studio) -> None:
    """The newest first, each once."""
    dana = await studio.sign_in("dana@example.com")
    made = [(await planned(dana, duration_days=1))["id"] for _ in range(3)]
    first = (await dana.get("/api/ai-projects?limit=2")).json()
    rest = (await dana.get(f"/api/ai-projects?limit=2&after={first['next']}")).json()
    assert [plan["id"] for plan in [*first["items"], *rest["items"]]] == made[::-1]
    assert rest["next"] is None


async def test_drafts_are_written_into_the_calendar(studio: Studio, shelf: Shelf) -> None:
    """Some at a time, each a draft of the project; who asks again gets the next ones, and in the end none."""
    dana = await studio.sign_in("dana@example.com")
    plan = await planned(dana)
    first = await asked(dana, plan, "generate", most=3)
    assert (len(first["content_ids"]), first["writers"], first["remarks"]) == (
        3,
        {"templates": 3},
        [],
    )
    rest = await asked(dana, plan, "generate", first_day=3, most=31)
    assert len(rest["content_ids"]) == 4
    calendar = (await seen(dana, plan))["calendar"]
    assert [place["content_id"] is not None for place in calendar] == [True] * 3 + [False] + [
        True
    ] * 4
    content = (await dana.get(f"/api/content/{calendar[0]['content_id']}")).json()
    assert (content["status"], content["ai_generated"], content["day_number"]) == ("draft", True, 1)
    assert (content["project_id"], content["platform"]) == (
        plan["project_id"],
        calendar[0]["platform"],
    )
    assert content["title"] == calendar[0]["title"]
    assert shelf.history(content["id"]) == ["create:  → draft"]
    assert shelf.run("select distinct status, task_type from ai_generation_tasks") == [
        ("completed", "draft")
    ]
    assert shelf.run("select count(*) from ai_generated_content where content_id is not null") == [
        7
    ]
    assert len((await asked(dana, plan, "generate"))["content_ids"]) == 1
    assert (await asked(dana, plan, "generate"))["content_ids"] == []


async def test_a_place_is_filled_once(studio: Studio, shelf: Shelf) -> None:
    """Two orders at the same time share the places; the one that comes second says so of its task."""
    dana = await studio.sign_in("dana@example.com")
    plan = await planned(dana)
    reports = await asyncio.gather(*(asked(dana, plan, "generate", most=8) for _ in range(2)))
    ids = [content for report in reports for content in report["content_ids"]]
    assert len(ids) == len(set(ids)) == 8
    assert shelf.run("select count(*) from content") == [8]
    assert shelf.run("select count(*) from ai_generation_tasks where status = 'processing'") == [0]


async def test_drafts_are_scheduled_at_their_times(studio: Studio, shelf: Shelf) -> None:
    """At the hour on the plan's clock, whoever edits them meanwhile; what is not written stays planned."""
    dana = await studio.sign_in("dana@example.com")
    plan = await planned(dana)
    written = (await asked(dana, plan, "generate", most=6))["content_ids"]
    accepted = await asked(dana, plan, "accept")
    assert (sorted(accepted["scheduled"]), accepted["refused"]) == (sorted(written), [])
    now = await seen(dana, plan)
    assert (now["status"], now["drafts"], now["scheduled"]) == ("active", 0, 6)
    assert [place["content_status"] for place in now["calendar"]] == ["scheduled"] * 6 + [None] * 2
    clocks = shelf.run(
        "select to_char(scheduled_at at time zone 'Europe/Berlin', 'YYYY-MM-DD HH24:MI:SS')"
        " from content order by scheduled_at"
    )
    assert clocks == [
        f"{place['scheduled_date']} {place['scheduled_time']}" for place in now["calendar"][:6]
    ]
    assert shelf.history(written[0])[-1] == "schedule: draft → scheduled"
    assert (await asked(dana, plan, "accept"))["scheduled"] == []


async def test_what_cannot_be_scheduled_is_named(studio: Studio, shelf: Shelf) -> None:
    """A place whose time has passed; what somebody has scheduled by hand is as good."""
    dana = await studio.sign_in("dana@example.com")
    plan = await planned(dana)
    late, by_hand, fine = (await asked(dana, plan, "generate", most=3))["content_ids"]
    shelf.run(
        "update ai_content_calendar set scheduled_date = scheduled_date - 30 where content_id = %s",
        late,
    )
    shelf.run(
        "update content set status = 'scheduled', scheduled_at = now() + interval '1 day'"
        " where id = %s",
        by_hand,
    )
    accepted = await asked(dana, plan, "accept")
    assert accepted["scheduled"] == [fine]
    assert {each["content_id"]: each["code"] for each in accepted["refused"]} == {
        late: "in_the_past",
        by_hand: "wrong_state",
    }
    assert (await seen(dana, plan))["scheduled"] == 2


async def test_a_plan_is_halted_and_goes_on(studio: Studio, shelf: Shelf) -> None:
    """With the content that would go out; what its author had paused stays so, what is late is named."""
    dana = await studio.sign_in("dana@example.com")
    plan = await planned(dana)
    one, two, three = (await asked(dana, plan, "generate", most=3))["content_ids"]
    await asked(dana, plan, "pause", status=409)
    await asked(dana, plan, "accept")
    assert (await dana.post(f"/api/content/{one}/pause")).status_code == 200
    for _ in range(2):
        assert (await asked(dana, plan, "pause"))["status"] == "paused"
    assert shelf.count("paused") == 3
    assert shelf.run("select is_paused from project_content_management") == [True]
    await asked(dana, plan, "generate", status=409)
    await asked(dana, plan, "accept", status=409)
    shelf.run("update content set scheduled_at = now() - interval '1 hour' where id = %s", three)
    resumed = await asked(dana, plan, "resume")
    assert resumed["status"] == "active"
    assert [(each["content_id"], each["code"]) for each in resumed["refused"]] == [
        (three, "time_passed")
    ]
    assert [shelf.row(content)["status"] for content in (one, two, three)] == [
        "paused",
        "scheduled",
        "paused",
    ]
    assert shelf.run("select is_paused from project_content_management") == [False]
    problem = await asked(dana, plan, "resume", status=409)
    assert problem["code"] == "wrong_state"


async def test_a_day_is_written_anew(studio: Studio, shelf: Shelf) -> None:
    """Drafts and what is scheduled; of what is out nothing changes, and every version is kept as a proposal."""
    dana = await studio.sign_in("dana@example.com")
    plan = await planned(dana, target_platforms=["instagram"])
    ids = (await asked(dana, plan, "generate", most=3))["content_ids"]
    await asked(dana, plan, "accept")
    shelf.run("update content set status = 'published', published_at = now() where id = %s", ids[0])
    again = await asked(dana, plan, "days/1/regenerate")
    assert again["content_ids"] == [ids[1]]
    row = shelf.row(ids[1])
    assert (row["content_version"], row["status"]) == (2, "scheduled")
    assert row["last_regenerated_at"] is not None
    assert shelf.row(ids[2])["last_regenerated_at"] is None
    assert shelf.run("select count(*) from ai_generated_content where content_id = %s", ids[1]) == [
        2
    ]
    assert "edit" in shelf.history(ids[1])[-1]
    assert (await asked(dana, plan, "days/2/regenerate"))["content_ids"] == [ids[2]]
    assert (await asked(dana, plan, "days/4/regenerate"))["content_ids"] == []
    await asked(dana, plan, "days/5/regenerate", status=404)
    await asked(dana, plan, "days/0/regenerate", status=422)


async def test_a_plan_makes_way_for_what_is_there(studio: Studio, shelf: Shelf) -> None:
    """For content that is scheduled and for other plans of the same person, not for another's."""
    dana, eric = await studio.sign_in("dana@example.com"), await studio.sign_in("eric@example.com")
    same = {"target_platforms": ["instagram"], "content_frequency": "three_times_daily"}
    first = await planned(dana, **same)
    second = await planned(dana, **same, timezone="America/New_York")
    foreign = await planned(eric, **same)
    clock = (
        "select (scheduled_date + scheduled_time) at time zone (settings ->> 'timezone')"
        " from ai_content_calendar join ai_projects on ai_projects.id = ai_project_id"
        " where ai_project_id = any(%s) order by 1"
    )
    moments = shelf.run(clock, [first["id"], second["id"]])
    assert len(moments) == 24
    gaps = [later - moment for moment, later in pairwise(moments)]
    assert min(gaps) >= timedelta(hours=1)
    assert set(shelf.run(clock, [foreign["id"]])) & set(moments)


async def test_another_persons_plan_is_none(studio: Studio, shelf: Shelf) -> None:
    """Every route answers as for a plan that does not exist, and nothing changes."""
    dana, eric = await studio.sign_in("dana@example.com"), await studio.sign_in("eric@example.com")
    plan = await planned(dana)
    await asked(dana, plan, "generate", most=2)
    before = await seen(dana, plan)
    for path in ("generate", "accept", "pause", "resume", "days/1/regenerate"):
        foreign = await asked(eric, plan, path, status=404)
        missing = await asked(eric, {"id": 10**9}, path, status=404)
        assert foreign["detail"] == missing["detail"]
    assert (await eric.get(f"/api/ai-projects/{plan['id']}")).status_code == 404
    assert (await eric.get("/api/ai-projects")).json()["items"] == []
    answer = await eric.post("/api/ai-projects", json={**BRIEF, "project_id": plan["project_id"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_project")
    assert await seen(dana, plan) == before


WRONG: list[dict[str, Any]] = [
    {"title": ""},
    {"title": "a\0b"},
    {"duration_days": 0},
    {"duration_days": 366},
    {"duration_days": True},
    {"content_frequency": "hourly"},
    {"target_platforms": []},
    {"target_platforms": ["Insta gram"]},
    {"target_platforms": ["a"] * 21},
    {"timezone": "Europe/Atlantis"},
    {"timezone": "../../etc/passwd"},
    {"start_date": "9999-12-31"},
    {"start_date": "0001-01-01"},
    {"gap_minutes": 1},
    {"project_id": 0},
    {"surprise": 1},
]


async def test_a_wrong_brief_is_refused(studio: Studio) -> None:
    """With 422 and the place of what is wrong."""
    dana = await studio.sign_in("dana@example.com")
    for wrong in WRONG:
        answer = await dana.post("/api/ai-projects", json={**BRIEF, **wrong})
        assert answer.status_code == 422, (wrong, answer.text)
        assert answer.json()["problems"], wrong


async def test_days_that_are_over_have_no_room(studio: Studio, shelf: Shelf) -> None:
    """Nothing is kept of a plan without a place."""
    dana = await studio.sign_in("dana@example.com")
    answer = await dana.post("/api/ai-projects", json={**BRIEF, "start_date": "2020-01-01"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_room")
    assert shelf.run("select count(*) from projects") == [0]


async def test_an_order_whose_instance_died_is_given_up(studio: Studio, shelf: Shelf) -> None:
    """It is marked when its owner orders again; the place gets its draft."""
    dana = await studio.sign_in("dana@example.com")
    plan = await planned(dana)
    shelf.run("alter table ai_generation_tasks disable trigger user")
    shelf.run(
        "insert into ai_generation_tasks (user_id, task_type, prompt, status, updated_at)"
        " select user_id, 'draft', '', 'processing', now() - interval '1 hour' from ai_projects"
    )
    assert len((await asked(dana, plan, "generate", most=1))["content_ids"]) == 1
    assert sorted(shelf.run("select status from ai_generation_tasks")) == ["completed", "failed"]


async def test_a_plan_takes_a_year(studio: Studio) -> None:
    """The longest one there is has its thousand places, and is scheduled whole."""
    dana = await studio.sign_in("dana@example.com")
    plan = await planned(
        dana, duration_days=365, content_frequency="three_times_daily", gap_minutes=5
    )
    assert plan["slots"] == 1095
    assert len((await asked(dana, plan, "generate", most=31))["content_ids"]) == 31
    assert len((await asked(dana, plan, "accept"))["scheduled"]) == 31


async def test_the_needs_name_every_column_that_is_used(shelf: Shelf) -> None:
    """The declared needs are columns of those tables, and mentioned by the statements."""

    words = set(re.findall(r"\w+", " ".join([*PLANS.values(), *DRAFTS.values()])))
    for table, declared in NEEDS.tables.items():
        columns = set(
            shelf.run(
                "select column_name from information_schema.columns where table_name = %s", table
            )
        )
        assert set(declared) <= columns & words, table
