"""A small platform on one machine, its clients, and the releases that are deployed to it: what ``make rollout`` is made of."""
