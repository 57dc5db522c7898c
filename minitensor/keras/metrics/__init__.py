"""Metrics: what is reported about a model, collected batch by batch."""
