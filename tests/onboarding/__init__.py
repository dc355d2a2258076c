"""Tests of `init`: what is read of a source, recognised in it, and written."""
