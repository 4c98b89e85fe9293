"""From results on disk to arrays, statistics, verdicts, comparisons, sweeps and searches; draws nothing."""
