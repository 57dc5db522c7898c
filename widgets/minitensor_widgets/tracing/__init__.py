"""What tracing left behind: the cache of a function, and the passes over a graph."""
