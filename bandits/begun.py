"""When this program began, for whoever asks whether its modules are still what stands on disk."""

import time

BEGUN = time.time()
"""Seconds since the epoch at which the first of our modules was loaded; what has changed since may be another one."""
