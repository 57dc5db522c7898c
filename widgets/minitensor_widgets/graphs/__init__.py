"""Graphs and backward passes: arranged, drawn, described, and shown by `show` and `step`."""
