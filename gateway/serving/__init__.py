"""Serve with a master process and workers: start, watch, reload, stop, and tell how they are."""
