"""Answer operations as streams of results: over server-sent events and WebSockets."""
