"""Pages for people, in a browser and out of it."""
