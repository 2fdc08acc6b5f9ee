-- What the metrics store says to the database.

-- name: report_metrics
-- Keep the newest figures of a piece on a platform; what is not told stays as it is. An older report changes nothing.
insert into content_metrics as kept (
    content_id, platform, views, likes, comments, shares, engagement_rate, revenue, last_updated
)
select
    content.id,
    %(platform)s,
    coalesce(%(views)s::bigint, 0),
    coalesce(%(likes)s::bigint, 0),
    coalesce(%(comments)s::bigint, 0),
    coalesce(%(shares)s::bigint, 0),
    coalesce(%(engagement_rate)s::numeric, 0),
    coalesce(%(revenue)s::numeric, 0),
    least(coalesce(%(measured_at)s::timestamptz, now()), now())
from content
where content.id = %(content_id)s
    and content.user_id = %(user_id)s
on conflict (content_id, platform) do update
set views = coalesce(%(views)s::bigint, kept.views),
    likes = coalesce(%(likes)s::bigint, kept.likes),
    comments = coalesce(%(comments)s::bigint, kept.comments),
    shares = coalesce(%(shares)s::bigint, kept.shares),
    engagement_rate = coalesce(%(engagement_rate)s::numeric, kept.engagement_rate),
    revenue = coalesce(%(revenue)s::numeric, kept.revenue),
    last_updated = excluded.last_updated
where kept.last_updated <= excluded.last_updated;

-- name: metrics_of
-- The figures of a piece of somebody's content, platform by platform; a row without a platform: there are none yet.
select
    content_metrics.platform,
    content_metrics.views,
    content_metrics.likes,
    content_metrics.comments,
    content_metrics.shares,
    content_metrics.engagement_rate,
    content_metrics.revenue,
    content_metrics.last_updated
from content
left join content_metrics on content_metrics.content_id = content.id
where content.id = %(content_id)s
    and content.user_id = %(user_id)s
order by content_metrics.platform;
