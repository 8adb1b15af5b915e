"""Engines turn requests into rows; :mod:`.transformers` is the embedded default."""
