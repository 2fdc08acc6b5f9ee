"""What services require of the schema: declared, taken apart, asked for in one message, and kept for as long as they run."""
