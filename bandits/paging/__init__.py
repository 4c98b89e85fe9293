"""Policies for paging: which page to evict when a requested page is not in the cache."""
