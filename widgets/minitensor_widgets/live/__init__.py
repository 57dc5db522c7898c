"""The viewers as Jupyter widgets, for when Python is in the loop; all of it needs anywidget."""
