"""Presets: one connector for each vendor."""
