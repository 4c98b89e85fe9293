"""Experiments to jobs, which are plain data, and jobs to results on disk."""

FORMAT = 4
"""Version of the files' layout; in the manifest, and part of every job's key."""

KEY = 24
"""Hexadecimal digits of a job's key."""
