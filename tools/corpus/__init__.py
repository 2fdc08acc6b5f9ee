"""PostgreSQL as the judge of real migrations: does a second run fail, or change what the first one left?"""
