"""Logged data: who was offered what, what was played with which probability, and what it earned."""
