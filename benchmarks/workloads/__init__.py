"""One module per framework, each with a function `workloads()`: name → something to call.

The same name is the same work in every framework; a framework leaves out what it cannot do.
"""
