"""Does the reasoning hold real steps."""
