"""A release whose service does not come up."""

NAME = "a release that crashes at boot"
NEEDS = {"content": ("id", "title", "tone")}
READ = "select id, title, tone from content where user_id = 'archive' order by id limit 20"
WRITE = "insert into content (user_id, title, platform, tone) values ('archive', 'Rolls', 'instagram', 'calm')"
WORK = ""
CRASH = "the key of the picture service is not set"
