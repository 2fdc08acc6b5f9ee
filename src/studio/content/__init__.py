"""What the studio is about, free of HTTP: a piece of content, its states, and where they are kept."""
