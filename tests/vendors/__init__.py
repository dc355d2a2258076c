"""Presets against servers on loopback that answer as the vendors document it."""
