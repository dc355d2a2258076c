"""Calibrate scores on a population. It needs the libraries of the extra `calibrate`, and serving needs none of it."""
