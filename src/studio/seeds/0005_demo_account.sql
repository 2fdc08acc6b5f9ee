-- Somebody to look at on a developer's machine: one account, one project, content in every state
-- that lasts. Without a password nobody can sign in to it by one.
-- lockstep: only development

insert into users (email, first_name, last_name)
values ('demo@studio.local', 'Dana', 'Demo')
on conflict (lower(email)) do nothing;

insert into projects
    (user_id, name, description, type, platform, target_audience, estimated_duration, tags)
select
    users.id,
    'Bread in a small kitchen',
    'Thirty days from the first starter to a loaf worth giving away.',
    'campaign',
    'instagram',
    'People who bake after work and own one tin',
    '30 days',
    '{baking,sourdough,beginners}'
from users
where lower(users.email) = 'demo@studio.local'
    and not exists (
        select 1
        from projects
        where projects.user_id = users.id
            and projects.name = 'Bread in a small kitchen'
    );

insert into project_content_management
    (user_id, project_id, total_days, current_day, content_per_day)
select projects.user_id, projects.id, 30, 4, 2
from projects
join users on users.id = projects.user_id
where lower(users.email) = 'demo@studio.local'
    and projects.name = 'Bread in a small kitchen'
on conflict (project_id) do nothing;

insert into content (
    user_id, project_id, title, description, platform, content_type, status,
    scheduled_at, published_at, day_number, publish_order, publish_attempts, last_error,
    tags, ai_generated, metadata
)
select
    projects.user_id,
    projects.id,
    demo.title,
    demo.description,
    demo.platform,
    demo.content_type,
    demo.status,
    now() + demo.due,
    case when demo.status = 'published' then now() + demo.due + interval '2 seconds' end,
    demo.day_number,
    demo.publish_order,
    demo.publish_attempts,
    demo.last_error,
    '{baking,sourdough}',
    demo.ai_generated,
    '{"demo": true}'
from projects
join users on users.id = projects.user_id
cross join (
    values
        (
            'Day 1: flour, water, patience', 'The starter that needs no recipe.',
            'instagram', 'reel', 'published', interval '-3 days', 1, 1, 1, null, false
        ),
        (
            'Why your starter smells of pears', 'Four smells and what each of them asks for.',
            'linkedin', 'article', 'failed', interval '-1 day', 3, 1, 3,
            'The platform refused the access token: it expired. Connect the account again.', false
        ),
        (
            'Folding, not kneading', 'Four folds in two hours, filmed from above.',
            'tiktok', 'short', 'scheduled', interval '3 minutes', 4, 1, 0, null, false
        ),
        (
            'The float test lies', 'What to watch instead of a glass of water.',
            'twitter', 'thread', 'scheduled', interval '20 minutes', 4, 2, 0, null, true
        ),
        (
            'First bake, uncut', 'The whole bake in one take, with everything that goes wrong.',
            'youtube', 'video', 'scheduled', interval '1 day 2 hours', 5, 1, 0, null, false
        ),
        (
            'Bread for the neighbours', 'Open table on Saturday: bring butter.',
            'facebook', 'post', 'scheduled', interval '3 days', 7, 1, 0, null, true
        ),
        (
            'Crumb, close up', 'Six loaves, six crumbs, one change at a time.',
            'instagram', 'carousel', 'paused', interval '2 days', 6, 1, 0, null, false
        ),
        (
            'A week without bread', 'The joke that did not survive the second reading.',
            'twitter', 'post', 'cancelled', interval '4 days', 8, 1, 0, null, true
        ),
        (
            'What a scale is good for', 'Grams, not cups, and why it is less work.',
            'instagram', 'reel', 'draft', null, 9, 1, 0, null, true
        )
) as demo (
    title, description, platform, content_type, status, due, day_number, publish_order,
    publish_attempts, last_error, ai_generated
)
where lower(users.email) = 'demo@studio.local'
    and projects.name = 'Bread in a small kitchen'
    and not exists (
        select 1
        from content
        where content.project_id = projects.id
            and content.title = demo.title
    )
order by demo.day_number, demo.publish_order;

insert into content_action_history (content_id, user_id, action, after)
select content.id, content.user_id, 'seeded', jsonb_build_object('status', content.status)
from content
join users on users.id = content.user_id
where lower(users.email) = 'demo@studio.local'
    and content.metadata @> '{"demo": true}'
    and not exists (
        select 1
        from content_action_history as history
        where history.content_id = content.id
    );

insert into publications
    (content_id, content_version, platform, attempt, status, external_id, external_url, error)
select
    content.id,
    content.content_version,
    content.platform,
    attempt,
    case when content.status = 'published' then 'succeeded' else 'failed' end,
    case when content.status = 'published' then 'demo-' || content.id end,
    case when content.status = 'published' then 'https://example.com/demo/' || content.id end,
    content.last_error
from content
join users on users.id = content.user_id
cross join generate_series(1, content.publish_attempts) as attempt
where lower(users.email) = 'demo@studio.local'
    and content.metadata @> '{"demo": true}'
    and content.status in ('published', 'failed')
    and not exists (
        select 1
        from publications
        where publications.content_id = content.id
    );

insert into content_metrics
    (content_id, platform, views, likes, comments, shares, engagement_rate, last_updated)
select content.id, content.platform, 1840, 212, 31, 18, 14.18, now()
from content
join users on users.id = content.user_id
where lower(users.email) = 'demo@studio.local'
    and content.title = 'Day 1: flour, water, patience'
    and content.metadata @> '{"demo": true}'
on conflict (content_id, platform) do nothing;

insert into notifications (user_id, type, title, message)
select
    users.id,
    'publication_failed',
    'LinkedIn did not take your article',
    '"Why your starter smells of pears" failed three times: the access token expired.'
from users
where lower(users.email) = 'demo@studio.local'
    and not exists (
        select 1
        from notifications
        where notifications.user_id = users.id
            and notifications.type = 'publication_failed'
            and notifications.title = 'LinkedIn did not take your article'
    );
