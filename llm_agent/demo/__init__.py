"""The demo model's inside: from the words of a question to a query, from its rows to a sentence."""
