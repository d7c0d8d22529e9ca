"""Questions in words, answers that rest on queries: the model client, its tools, and the agent between them."""
