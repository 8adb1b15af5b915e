"""Is the completion laid out as asked: a reasoning block, then an answer block."""
