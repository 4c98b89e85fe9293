"""Experiments to jobs, which are plain data, and jobs to results on disk."""
