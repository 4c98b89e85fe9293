"""Environments whose rounds belong to overlapping groups, each with its own best model in hindsight."""
