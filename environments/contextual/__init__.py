"""Arms with contexts."""
