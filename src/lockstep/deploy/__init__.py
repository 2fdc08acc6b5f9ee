"""What stands between a commit and its clients: verify that a release serves as it should."""
