"""Segments of customers: their counts, their members, uploaded lists, and what leaves as a file."""
