"""Charts of results: which suit one, how they are drawn, what they say in words."""
