"""Predictions: bits or predicted times of next use, one for each request, and the sources that give them."""
