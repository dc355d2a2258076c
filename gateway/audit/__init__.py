"""Audit: who was told of whom, in chains that cannot be changed unnoticed."""
