"""Place each error of an answer where its field stands."""

from __future__ import annotations

from functools import cached_property

from graphql import FieldNode, GraphQLError
from graphql.error import located_error

from gateway.errors import SourceFailure


class ErrorLocator:
    """Where a field stands in the document."""

    def __init__(self, nodes: list[FieldNode]) -> None:
        self._nodes = nodes

    def failure(self, error: Exception, path: list[str | int]) -> GraphQLError:
        """Locate an error as graphql-core's `located_error` does.

        The failure of a source, which comes by the thousand, is placed once.
        """
        if type(error) is not SourceFailure:
            return located_error(error, self._nodes, path)
        # Its frames hold the run, which holds this error: only the garbage collector would free them.
        error.__traceback__ = None
        return self.place_error(GraphQLError(str(error), path=path, original_error=error))

    def place_error(self, error: GraphQLError) -> GraphQLError:
        """Put an error where the field stands."""
        here = self._placed
        error.nodes, error.source, error.positions, error.locations = here.nodes, here.source, here.positions, here.locations
        return error

    @cached_property
    def _placed(self) -> GraphQLError:
        return GraphQLError("", self._nodes)
