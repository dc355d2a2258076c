"""How a Strawberry peer is served: with both of Strawberry's caches, and data loaders that are new for each request."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

Info = strawberry.Info[dict[str, Any], None]


def create_schema(query: type) -> strawberry.Schema:
    return strawberry.Schema(query, extensions=[lambda: ParserCache(), lambda: ValidationCache()])


def create_app(
    schema: strawberry.Schema,
    new_loaders: Callable[[], Any],
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
) -> Starlette:
    """Serve a schema at /graphql."""

    class View(GraphQL[dict[str, Any], None]):
        async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
            return {"request": request, "response": response, "loaders": new_loaders()}

    return Starlette(routes=[Route("/graphql", View(schema), methods=["GET", "POST"])], lifespan=lifespan)
