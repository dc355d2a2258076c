"""Telemetry: metrics, traces and lines about requests. Names and numbers, never a key or a value."""
