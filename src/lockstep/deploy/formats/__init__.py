"""A verification as text, JSON and JUnit; a deploy as text and JSON."""
