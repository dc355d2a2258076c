"""Propose settings for a database or a folder of files, from what is read of it."""
