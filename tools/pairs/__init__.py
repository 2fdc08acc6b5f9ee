"""Pairs of schemas, before and after, and what ``lockstep repair`` makes of one on the way to the other."""
