"""`profile-gateway check`: find all problems of a configuration in one run, each with its line and the fix."""
