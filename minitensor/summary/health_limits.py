"""Where a number of a layer is usual, and from where it is worth a sentence.

A number between the two is unusual, and need not be wrong.

Source: the rules of thumb are those of the course CS231n, "Neural networks 3: learning", and of
Karpathy's lecture "Building makemore 3": updates of about 1e-3 of the weights, dead and saturated
units few.
"""

from __future__ import annotations

__all__ = [
    "FAST", "FEW", "LARGE", "MANY_DEAD", "MANY_SATURATED", "SLOW", "SMALL", "USUAL_DEAD",
    "USUAL_UPDATE",
]  # fmt: skip

USUAL_UPDATE = 1e-4, 1e-2
"""One update, as a share of the weights: a power of ten around 1e-3, to both sides."""
SLOW, FAST = 1e-6, 0.1
"""Updates outside of these change nothing, or undo what was learnt before: worry."""
USUAL_DEAD, MANY_DEAD = 0.1, 0.4
"""A few dead units cost nothing, and networks that learn well have them. From 40 %, a layer has
lost so much of what it could tell apart that training suffers: worry."""
MANY_SATURATED = 1 / 3
"""Usual up to here and worry from here: saturated outputs recover, fewer say nothing."""
SMALL, LARGE = 1e-3, 1e3
"""When the gradients of the first and the last layer are too different."""
FEW = 8
"""Batches of fewer examples say too little about single units."""
