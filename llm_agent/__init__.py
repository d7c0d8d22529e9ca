"""Questions in words, answers that rest on queries: model client, tools, and the agent between them."""
