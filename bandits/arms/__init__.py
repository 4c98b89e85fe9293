"""Policies for arms: choose one of ``n_actions`` arms a round and see its reward, or every arm's."""
