"""Pages for people: an application of the public API, and the routes that hand it out."""
