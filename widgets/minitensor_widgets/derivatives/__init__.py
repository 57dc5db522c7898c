"""Derivatives as matrices and as numbers that can be checked."""
