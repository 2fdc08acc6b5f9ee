"""The way out: who is asked to publish a piece of content, and how."""
