"""Put a customer together from the sources, by its keys."""
