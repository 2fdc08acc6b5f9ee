"""Projects: what gathers the content of one undertaking."""
