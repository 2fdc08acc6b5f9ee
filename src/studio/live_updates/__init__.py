"""Changes of content, told to whoever is watching, on whatever instance they happened."""
