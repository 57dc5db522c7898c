"""The playground and the race of optimisers: learning watched on two inputs, or two parameters.

Reading order: `settings`, `data`, `codes`, then the playground (`network`, `training`, `measures`,
`slices`, `program`, `history`, `figure`, `playing`) and the race (`surfaces`, `running`,
`race_figure`, `races`).
"""
