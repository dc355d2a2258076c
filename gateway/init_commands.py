"""Propose settings for a database or a folder: `profile-gateway init`."""
