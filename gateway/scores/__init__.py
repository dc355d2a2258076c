"""Score customers by a calibration: formulas in plain Python, and the file that they read."""
