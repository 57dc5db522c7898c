"""Optimisers: how gradients change weights."""
