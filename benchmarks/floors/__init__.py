"""The floors: the fastest plain psycopg that a sensible person would write for the same work."""
