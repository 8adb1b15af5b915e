"""Is the completion in the language that was asked for."""
