"""What a GraphQL document may be before it becomes an operation: its limits, its rules, its literals."""
