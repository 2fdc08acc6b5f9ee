"""Content has a mood, which is read and written at once."""

NAME = "a new column"
NEEDS = {"content": ("id", "title", "mood")}
READ = "select id, title, mood from content where user_id = 'archive' order by id limit 20"
WRITE = "insert into content (user_id, title, platform, mood) values ('archive', 'Rolls', 'instagram', 'calm')"
WORK = CRASH = ""
