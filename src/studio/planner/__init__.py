"""Lays a project out on a calendar and has its drafts written."""
