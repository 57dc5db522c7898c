"""Layers, models, losses, metrics and optimisers, with Keras's names."""
