"""Policies that see a context, a point in known intervals, before they choose one of ``n_actions`` actions."""
