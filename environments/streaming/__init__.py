"""Arms that stream by: the world counts the arms a learner stores and lets it pull no others."""
