"""Checkpoints: `mt.train.Checkpoint` and its manager."""
