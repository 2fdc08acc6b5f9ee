"""What a database is, and what is required of it."""
