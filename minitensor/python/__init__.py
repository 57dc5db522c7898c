"""Modules under the paths that TensorFlow's own have, for programs that import those."""
