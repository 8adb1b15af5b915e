"""Held-out questions that are asked while training runs, and what is decided by them."""
