"""From paths to findings to reports: what ``lockstep lint`` does."""
