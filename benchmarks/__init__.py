"""Measurements of minitensor beside its peers."""
