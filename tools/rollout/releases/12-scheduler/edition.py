"""A service features a piece every second, and remembers when in a column that comes with this release."""

NAME = "a scheduler that needs a new column"
NEEDS = {"content": ("id", "title", "tone", "featured_at")}
READ = "select id, title, tone, featured_at from content where user_id = 'archive' order by id limit 20"
WRITE = "insert into content (user_id, title, platform, tone) values ('archive', 'Rolls', 'instagram', 'calm')"
WORK = """
update content set featured_at = now() where id = (
    select id from content where user_id = 'archive' and featured_at is null order by id limit 1 for update skip locked
)
"""
CRASH = ""
