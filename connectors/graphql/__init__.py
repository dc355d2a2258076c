"""The `graphql` kind: any GraphQL API, by configuration only."""

from connectors.graphql.connector import GraphQLConnector
from connectors.graphql.settings import GraphQLSettings

__all__ = ["GraphQLConnector", "GraphQLSettings"]
