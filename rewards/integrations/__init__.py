"""The rewards as other libraries call them, one file per peer."""
