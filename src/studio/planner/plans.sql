-- What the planner says to the database. Every statement names the user: another's plan is no plan.

-- name: lock_user
-- One plan of a person is laid out after the other: each sees what the one before has taken.
select now() as now
from users
where id = %(user_id)s
for no key update;

-- name: own_project_of_plan
-- A project of a person's, which a plan is for.
select id
from projects
where id = %(project_id)s
    and user_id = %(user_id)s;

-- name: create_project_of_plan
-- A project for a plan that comes without one.
insert into projects (user_id, name, description, type, estimated_duration, tags)
values (
    %(user_id)s, %(title)s, %(description)s, %(project_type)s, %(duration_days)s::text || ' days',
    %(content_categories)s
)
returning id;

-- name: create_plan
-- Keep the brief.
insert into ai_projects (
    user_id, project_id, title, description, project_type, duration_days, content_frequency,
    target_platforms, content_categories, start_date, end_date, settings
)
values (
    %(user_id)s, %(project_id)s, %(title)s, %(description)s, %(project_type)s, %(duration_days)s,
    %(content_frequency)s, %(target_platforms)s, %(content_categories)s, %(start_date)s,
    %(end_date)s, %(settings)s
)
returning id;

-- name: manage_project
-- Say how far a project is to go; where several plans share one, the last one says it.
insert into project_content_management (user_id, project_id, total_days, content_per_day)
values (%(user_id)s, %(project_id)s, %(total_days)s, %(content_per_day)s)
on conflict (project_id) do update set
    total_days = excluded.total_days,
    content_per_day = excluded.content_per_day;

-- name: patterns
-- The hours at which audiences answer on these platforms.
select platform, category, optimal_times, engagement_score
from ai_engagement_patterns
where platform = any(%(platforms)s)
order by platform, category;

-- name: taken
-- When a person's content goes out already.
select scheduled_at
from content
where user_id = %(user_id)s
    and scheduled_at between %(since)s and %(until)s
    and status in ('scheduled', 'publishing', 'paused', 'failed')
order by scheduled_at;

-- name: planned
-- What other plans of a person have laid out and nobody has scheduled yet, on each plan's own clock.
select
    ai_content_calendar.scheduled_date + ai_content_calendar.scheduled_time as wall,
    ai_projects.settings ->> 'timezone' as timezone
from ai_content_calendar
inner join ai_projects on ai_projects.id = ai_content_calendar.ai_project_id
where ai_content_calendar.user_id = %(user_id)s
    and ai_content_calendar.scheduled_date between %(first)s and %(last)s
    and ai_content_calendar.status = 'planned'
    and ai_projects.status in ('draft', 'active', 'paused')
order by wall;

-- name: add_slots
-- Keep the calendar.
insert into ai_content_calendar (
    ai_project_id, user_id, scheduled_date, scheduled_time, platform, content_type, optimal_score
)
select
    %(plan_id)s, %(user_id)s, slot.scheduled_date, slot.scheduled_time, slot.platform,
    slot.category, slot.score
from jsonb_to_recordset(%(slots)s) as slot (
    scheduled_date date, scheduled_time time, platform text, category text, score numeric
);

-- name: list_plans
-- A person's plans and how far they are, the newest first: some of them after a place, or the one with that id.
select
    plan.id,
    plan.project_id,
    plan.title,
    plan.description,
    plan.project_type,
    plan.duration_days,
    plan.content_frequency,
    plan.target_platforms,
    plan.content_categories,
    plan.start_date,
    plan.end_date,
    plan.status,
    case jsonb_typeof(plan.settings) when 'object' then plan.settings else '{}' end as settings,
    plan.created_at,
    plan.updated_at,
    counted.slots,
    counted.drafts,
    counted.scheduled
from ai_projects as plan
cross join lateral (
    select
        count(*) as slots,
        count(content_id) filter (where status = 'planned') as drafts,
        count(*) filter (where status = 'scheduled') as scheduled
    from ai_content_calendar
    where ai_content_calendar.ai_project_id = plan.id
) as counted
where plan.user_id = %(user_id)s
    and (%(plan_id)s::bigint is null or plan.id = %(plan_id)s::bigint)
    and (
        %(after_at)s::timestamptz is null
        or (plan.created_at, plan.id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)
    )
order by plan.created_at desc, plan.id desc
limit %(limit)s;

-- name: calendar_of_plan
-- A plan's calendar with its drafts, day by day.
select
    slot.id,
    slot.scheduled_date - plan.start_date + 1 as day,
    slot.scheduled_date,
    slot.scheduled_time,
    slot.platform,
    slot.content_type as category,
    slot.optimal_score,
    slot.status,
    slot.content_id,
    content.title,
    content.status as content_status,
    content.scheduled_at
from ai_content_calendar as slot
inner join ai_projects as plan on plan.id = slot.ai_project_id
left join content on content.id = slot.content_id
where slot.ai_project_id = %(plan_id)s
    and slot.user_id = %(user_id)s
order by slot.scheduled_date, slot.scheduled_time, slot.id;

-- name: turn_plan
-- Give a plan its state, if it is in one that can come before; without a row it is not.
update ai_projects
set status = %(status)s
where id = %(plan_id)s
    and user_id = %(user_id)s
    and status = any(%(possible)s)
returning project_id;

-- name: halt_project
-- Say whether the project of a plan stands still.
update project_content_management
set is_paused = %(is_paused)s
where project_id = %(project_id)s
    and user_id = %(user_id)s;

-- name: remember_halted
-- Remember which content stands still with the plan, so that no other is set going with it again.
update ai_projects
set settings = jsonb_set(
    case jsonb_typeof(settings) when 'object' then settings else '{}' end,
    '{halted}',
    %(halted)s
)
where id = %(plan_id)s
    and user_id = %(user_id)s;

-- name: active_content
-- The content of a plan that will go out.
select content.id
from ai_content_calendar as slot
inner join content on content.id = slot.content_id
where slot.ai_project_id = %(plan_id)s
    and slot.user_id = %(user_id)s
    and content.status = 'scheduled'
order by content.id;
