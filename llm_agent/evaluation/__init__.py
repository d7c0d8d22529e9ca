"""The inside of `titanic-eval`: questions, runs, grading, reports, recordings."""
