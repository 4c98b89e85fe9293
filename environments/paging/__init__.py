"""Paging: request sequences, predictions of one bit a request, the offline optimum."""
