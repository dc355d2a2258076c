"""Serve the demo: a generated shop, or the published Olist files."""
