"""Modules under the paths that TensorFlow's own have."""
