"""Arms that stream by: the environment counts the arms a learner stores and lets it pull no others."""
