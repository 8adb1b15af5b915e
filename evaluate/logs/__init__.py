"""Stored completions that others wrote, read as a run."""
