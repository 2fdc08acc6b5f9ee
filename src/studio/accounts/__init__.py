"""People and how they sign in: accounts, passwords, sessions, limits on guessing, and the accounts they have elsewhere."""
