"""Grounding's inside: figures found in a text, and what follows from the cells of a result."""
