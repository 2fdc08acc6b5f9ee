"""What SQL text is, known without a database."""
