"""Publishes what is due, on time, on as many instances as there are."""
