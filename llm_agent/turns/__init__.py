"""The agent's inside: the rounds of one turn, its bounds, its history and the check of its answer."""
