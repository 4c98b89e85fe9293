"""Environments whose feedback arrives after a delay."""
