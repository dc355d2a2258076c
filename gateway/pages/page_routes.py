"""Serve the pages: one shell for all of them, its script and its style sheet, without the network."""

from __future__ import annotations

import gzip
import hashlib
from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.http.embed_routes import embed_page_route
from gateway.settings import Settings

PAGES = ("/", "/c/{id:path}", "/sources", "/tags", "/segments")
"""What a person opens. All have the same shell, which holds no data and is for everybody."""

ASSETS_PATH = "/assets"

_BUNDLE = resources.files("gateway.pages") / "bundle"
_TYPES = {"app.js": "text/javascript; charset=utf-8", "app.css": "text/css; charset=utf-8"}

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # the icon of the tab
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

_PAGE_HEADERS = {
    "content-security-policy": _POLICY,
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%232a56c6'"
    " stroke-width='2' stroke-linecap='round'%3E%3Ccircle cx='12' cy='12' r='11'/%3E%3Ccircle cx='12' cy='9.5' r='3.2'/%3E"
    "%3Cpath d='M5.8 18.2c1.2-2.8 3.5-4.2 6.2-4.2s5 1.4 6.2 4.2'/%3E%3C/svg%3E"
)

_SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Profile Gateway</title>
<link rel="icon" href="{icon}">
<link rel="stylesheet" href="{style}">
<script type="module" src="{script}"></script>
</head>
<body>
<div id="app"></div>
<noscript>These pages are a program that runs in the browser. Its data are at /graphql.</noscript>
</body>
</html>
"""


def page_routes(settings: Settings) -> list[Route]:
    """List the routes of the pages and of their two files, none where there are no pages."""
    if not settings.has_pages:
        return []
    contents = {name: (_BUNDLE / name).read_bytes() for name in _TYPES}
    shell = _write_shell(contents)

    async def serve_page(request: Request) -> Response:  # noqa: ARG001  a Starlette endpoint
        return HTMLResponse(shell, headers=_PAGE_HEADERS)

    return [
        *(Route(path, serve_page) for path in PAGES),
        *([embed_page_route(serve_page, settings.pages.frame_origins)] if settings.pages.embed else ()),
        *(_file_route(name, content) for name, content in contents.items()),
    ]


def _write_shell(contents: dict[str, bytes]) -> str:
    # The sum in the address changes with the content, so the files can be kept for a year.
    script, style = (
        f"{ASSETS_PATH}/{name}?{hashlib.sha256(contents[name]).hexdigest()[:12]}" for name in ("app.js", "app.css")
    )
    return _SHELL.format(icon=_ICON, script=script, style=style)


def _file_route(name: str, content: bytes) -> Route:
    headers = {
        "content-encoding": "gzip",
        "content-type": _TYPES[name],
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
    }
    packed = gzip.compress(content, mtime=0)

    async def serve_file(request: Request) -> Response:  # noqa: ARG001  a Starlette endpoint
        return Response(packed, headers=headers)

    return Route(f"{ASSETS_PATH}/{name}", serve_file)
