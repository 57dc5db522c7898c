"""Initialisers: what weights begin with."""
