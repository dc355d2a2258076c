"""Between resolvers and connectors: batching, the deadline, validation where records enter, failures as values."""
