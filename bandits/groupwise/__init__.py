"""Groupwise regret: overlapping groups of rounds, each judged against its own best model in hindsight."""
