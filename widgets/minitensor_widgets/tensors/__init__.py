"""Tensors looked at closely: their elements, how they are broadcast, how they are distributed."""
