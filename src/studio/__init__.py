"""The content platform that Lockstep boots: its hardest user, and its example."""
