"""Content has a title."""

NAME = "first boot"
NEEDS = {"content": ("id", "title")}
READ = "select id, title from content where user_id = 'archive' order by id limit 20"
WRITE = "insert into content (user_id, title, platform) values ('archive', 'Rolls', 'instagram')"
WORK = CRASH = ""
