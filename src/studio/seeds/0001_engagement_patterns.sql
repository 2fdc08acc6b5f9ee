-- The hours to start from, until metrics of one's own say better (hence a sample of nought). A row
-- that the planner has learned from since is left alone.

insert into ai_engagement_patterns
    (platform, category, optimal_times, engagement_score, sample_size)
values
    ('linkedin', 'general', '{09:00,12:00,17:00}', 0.78, 0),
    ('youtube', 'general', '{15:00,19:00,21:00}', 0.87, 0),
    ('instagram', 'general', '{11:00,14:00,18:00}', 0.85, 0),
    ('twitter', 'general', '{08:00,12:00,16:00,20:00}', 0.72, 0),
    ('tiktok', 'general', '{12:00,16:00,19:00,22:00}', 0.90, 0),
    ('facebook', 'general', '{09:00,13:00,15:00}', 0.75, 0)
on conflict (platform, category) do nothing;
