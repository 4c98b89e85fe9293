"""Worlds whose feedback arrives after a delay."""
