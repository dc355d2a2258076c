"""The profile gateway: one GraphQL endpoint that stitches a customer from the systems that own the data."""
