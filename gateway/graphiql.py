"""Serve the GraphiQL page and its files, without the network."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

ASSETS_PATH = "/graphiql-assets"

_STATIC = resources.files("gateway") / "static"
_VENDORED = (
    "react.production.min.js",
    "react-dom.production.min.js",
    "graphiql.min.js",
    "graphiql.min.css",
    "explorer.umd.js",
    "explorer.css",
)
_OWN = ("graphiql-curl.js", "graphiql-start.js", "graphiql-start.css")
_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}

# GraphiQL's dialogs put a style element into the page, and its style sheet carries fonts and images inside.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


@dataclass(frozen=True)
class Example:
    """A query that opens as a tab. The tab is labelled with the operation's name; title and audience stand above the query."""

    title: str
    audience: str
    query: str
    variables: Mapping[str, Any]


def graphiql_page(examples: Sequence[Example], *, names_callers: bool = False) -> Response:
    """Write the page, with the first example in front. A copied command has the place of a key where callers are named."""
    html = (_STATIC / "graphiql.html").read_text(encoding="utf-8")
    for name, content in _assets().items():
        # The sum in the address changes with the content, so the files can be kept for a year.
        html = html.replace(f'"{ASSETS_PATH}/{name}"', f'"{ASSETS_PATH}/{name}?{hashlib.sha256(content).hexdigest()[:12]}"')
    return HTMLResponse(
        html.replace("NAMES_CALLERS", "true" if names_callers else "false").replace("EXAMPLES", _as_tabs(examples)),
        headers={
            "content-security-policy": _POLICY,
            "cache-control": "no-cache",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        },
    )


def graphiql_routes() -> list[Route]:
    """One route per file that the page asks for."""
    return [Route(f"{ASSETS_PATH}/{name}", _asset(name, content)) for name, content in _assets().items()]


def _asset(name: str, content: bytes) -> Callable[[Request], Awaitable[Response]]:
    headers = {
        "content-encoding": "gzip",
        "content-type": _TYPES[name.rpartition(".")[2]],
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
    }

    async def serve(request: Request) -> Response:  # noqa: ARG001 - a Starlette endpoint
        return Response(content, headers=headers)

    return serve


def _assets() -> dict[str, bytes]:
    """Compress the files, by name."""
    vendored = {name: (_STATIC / "vendor" / f"{name}.gz").read_bytes() for name in _VENDORED}
    return vendored | {name: gzip.compress((_STATIC / name).read_bytes(), mtime=0) for name in _OWN}


def _as_tabs(examples: Sequence[Example]) -> str:
    tabs = [
        {
            "query": f"# {example.audience}: {example.title}\n\n{example.query.strip()}\n",
            "variables": msgspec.json.format(msgspec.json.encode(example.variables), indent=2).decode(),
        }
        for example in examples
    ]
    # Inside a script element only "<" can end it or open a comment.
    return msgspec.json.encode(tabs).decode().replace("<", "\\u003c")
