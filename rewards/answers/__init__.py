"""Is the final answer right: where it stands, what it says, and whether it equals the reference."""
