"""From what a database is to what it should be: what may be done without asking, what only when it is named, and what cannot.

``policy`` judges each difference, ``planner`` makes steps of what may be done, ``online`` gives those on tables with rows the
forms that block nobody, ``conflicts`` asks the data beforehand, and ``script`` writes files that may run for ever.
"""
