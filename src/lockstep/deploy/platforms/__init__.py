"""Files that tell a platform how to run a service: templates, filled in from one small value, and written where nothing is lost."""
