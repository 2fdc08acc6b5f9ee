"""The editor's note, which has been there since the mood came, is shown."""

NAME = "a column that somebody dropped by hand"
NEEDS = {"content": ("id", "title", "tone", "editor_note")}
READ = "select id, title, tone, editor_note from content where user_id = 'archive' order by id limit 20"
WRITE = "insert into content (user_id, title, platform, tone) values ('archive', 'Rolls', 'instagram', 'calm')"
WORK = CRASH = ""
