"""A run directory: its manifest, its journal of completions, and its shards."""
