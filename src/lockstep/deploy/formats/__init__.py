"""A verification as text, JSON and JUnit."""
