"""Input pipelines: `mt.data.Dataset`."""
