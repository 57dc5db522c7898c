"""Training while it runs: progress in one line, and a board of curves and histograms.

Read `series` (numbers over steps), `bars` (how far something is), `run` (all that is known of a
run), `screens` (where it is shown), `stage` (when), then what learners call: `progress` and
`board`. `fitting` shows the progress of `fit`, `callback` feeds a board from it.
"""
