"""The claim of ``lockstep prove`` turned on a whole service: copies that are killed at random while they boot.

First one copy boots undisturbed: what it makes, answers and takes is what the rounds are held against. Every round has a new
database, starts all copies together, disturbs them as a plan says that depends on the seed alone, starts again what has ended,
waits until all are ready, and stops them.
"""
