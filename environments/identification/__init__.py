"""Arms that are sampled for an answer: which is best, which m are, which lie above a threshold."""
