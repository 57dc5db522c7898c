"""Graphs: the record of a computation, whether an eager tape wrote it or a trace."""
