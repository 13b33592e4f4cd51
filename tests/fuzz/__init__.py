"""Damaged and invented messages by the million: `python -m tests.fuzz` from the root of the tree."""
