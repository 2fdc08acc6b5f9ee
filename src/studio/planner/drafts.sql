-- What writing a plan's drafts says to the database.

-- name: templates
-- The outlines for these platforms, and for all.
select title, type, category, platform, content, tags
from templates
where is_active
    and (platform is null or platform = any(%(platforms)s))
order by type, title;

-- name: empty_slots
-- The places of some days that have no draft yet.
select
    slot.id,
    (slot.scheduled_date - plan.start_date + 1)::integer as day,
    slot.scheduled_date,
    slot.scheduled_time,
    slot.platform,
    slot.content_type as category
from ai_content_calendar as slot
inner join ai_projects as plan on plan.id = slot.ai_project_id
where slot.ai_project_id = %(plan_id)s
    and slot.user_id = %(user_id)s
    and slot.content_id is null
    and slot.status = 'planned'
    and slot.scheduled_date - plan.start_date + 1 >= %(first_day)s
order by slot.scheduled_date, slot.scheduled_time, slot.id
limit %(most)s;

-- name: lock_empty_slot
-- Hold a place, if nobody has filled it meanwhile.
select id
from ai_content_calendar
where id = %(slot_id)s
    and user_id = %(user_id)s
    and content_id is null
for no key update;

-- name: fill_slot
-- Let a place of the calendar point to its draft.
update ai_content_calendar
set content_id = %(content_id)s
where id = %(slot_id)s;

-- name: keep_draft
-- Keep what the writer proposed.
insert into ai_generated_content (
    ai_project_id, user_id, content_id, title, body, platform, content_type, day_number, hashtags,
    confidence
)
values (
    %(plan_id)s, %(user_id)s, %(content_id)s, %(title)s, %(body)s, %(platform)s, %(content_type)s,
    %(day)s, %(hashtags)s, %(confidence)s
);

-- name: begin_task
-- Write an order to the writer down before it is given.
insert into ai_generation_tasks (user_id, task_type, prompt, status, metadata)
values (%(user_id)s, %(task_type)s, %(prompt)s, 'processing', %(metadata)s)
returning id;

-- name: end_task
-- Write down what came of it.
update ai_generation_tasks
set status = %(status)s,
    result = %(result)s,
    metadata = metadata || %(metadata)s,
    completed_at = now()
where id = %(task_id)s
    and status = 'processing';

-- name: give_up_tasks
-- Say of a person's orders that nobody waits for any more that they have failed: their instance died.
update ai_generation_tasks
set status = 'failed',
    result = 'the instance that gave this order did not come back'
where user_id = %(user_id)s
    and status = 'processing'
    and updated_at < now() - interval '15 minutes';

-- name: drafts_to_schedule
-- What is written and not yet scheduled, with the time on the plan's clock.
select
    slot.id as slot_id,
    slot.content_id,
    slot.scheduled_date + slot.scheduled_time as wall
from ai_content_calendar as slot
where slot.ai_project_id = %(plan_id)s
    and slot.user_id = %(user_id)s
    and slot.status = 'planned'
    and slot.content_id is not null
order by wall, slot.id;

-- name: mark_scheduled
-- Note which places of the calendar are scheduled now.
update ai_content_calendar
set status = 'scheduled'
where user_id = %(user_id)s
    and content_id = any(%(ids)s);

-- name: mark_proposals
-- Note which proposals were taken.
update ai_generated_content
set status = 'scheduled'
where user_id = %(user_id)s
    and content_id = any(%(ids)s);

-- name: drafts_of_day
-- What is written for a day and may still be written anew.
select
    slot.content_id,
    slot.platform,
    slot.content_type as category,
    (
        select count(*)
        from ai_generated_content
        where ai_generated_content.content_id = slot.content_id
    )::integer as edition
from ai_content_calendar as slot
inner join ai_projects as plan on plan.id = slot.ai_project_id
inner join content on content.id = slot.content_id
where slot.ai_project_id = %(plan_id)s
    and slot.user_id = %(user_id)s
    and slot.scheduled_date - plan.start_date + 1 = %(day)s
    and content.status in ('draft', 'scheduled', 'paused', 'failed')
order by slot.scheduled_time, slot.id;

-- name: note_regenerated
-- Note that a piece of content was written anew.
update content
set last_regenerated_at = now()
where id = %(content_id)s
    and user_id = %(user_id)s;
