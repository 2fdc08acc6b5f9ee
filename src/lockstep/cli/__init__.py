"""Arguments, exit status, and the rendering of events and errors."""
