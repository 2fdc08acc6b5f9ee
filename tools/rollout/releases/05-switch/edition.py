"""What was the mood is read and written as the tone."""

NAME = "a rename, switched"
NEEDS = {"content": ("id", "title", "tone")}
READ = "select id, title, tone from content where user_id = 'archive' order by id limit 20"
WRITE = "insert into content (user_id, title, platform, tone) values ('archive', 'Rolls', 'instagram', 'calm')"
WORK = CRASH = ""
