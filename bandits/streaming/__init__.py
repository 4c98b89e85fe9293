"""Policies for arms that stream by: pull, store, drop or let pass, with memory for a few arms only."""
