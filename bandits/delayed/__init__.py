"""Policies for feedback that arrives after a delay, built on policies that know of none."""
