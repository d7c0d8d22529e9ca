"""The guard's inside: the process in which a model's SQL runs, its rules, its errors in words."""
