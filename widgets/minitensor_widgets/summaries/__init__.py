"""What runs recorded, inline: a dashboard of scalars, histograms, images and all other summaries.

`records` names the panes, one module for each kind here and in `static/summaries`; `dashboard` puts
them together. `following` keeps a dashboard up to date while a run is written.
"""
