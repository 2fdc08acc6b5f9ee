"""Bring services up in order and down in reverse; knows nothing of databases but that they may be ready."""
