"""Notifications: what the studio has to tell a user who may not be looking."""
