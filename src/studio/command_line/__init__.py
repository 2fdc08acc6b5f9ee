"""The command ``studio``: serve, make accounts, and move content in and out."""
