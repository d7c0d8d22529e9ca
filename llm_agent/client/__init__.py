"""The model client's inside: one request, its stream put together, its errors in words."""
