"""Promises, one a test. `pytest` runs them all without a network."""
