"""What the vendors' servers of these tests share: who may ask, what was asked, and how they refuse."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from connectors.contract import Ask, KeyKind, Keys, Lookup
from connectors.errors import SourceError
from connectors.record_fields import Fields, all_fields
from connectors.records import Record
from connectors.testing.fetches import json_of, page_of
from connectors.toolkit.vendor_connector import Vendor
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.http_source import serving


class Refusal(NamedTuple):
    status: int
    body: Any
    headers: Mapping[str, str] = {}


class VendorApi:
    """A vendor's API. While `refusal` is set it is the answer to every request whose path holds `refused_path`.

    `spoil` makes another answer of each that is given.
    """

    authorization: str
    authorization_header = "Authorization"
    unauthorized: Refusal

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.bodies: list[Any] = []
        self.refusal: Refusal | None = None
        self.refused_path = "/"
        self.spoil: Callable[[Any], Any] = lambda answer: answer

    def revoke(self) -> None:
        """Accept no more what was accepted so far."""
        self.authorization = "another"

    def respond(self, request: web.Request, body: Any) -> web.Response:
        """The answer to a request that is accepted."""
        raise NotImplementedError

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(f"{request.method} {unquote(request.path_qs)}")
        body = await request.json() if request.can_read_body else None
        self.bodies.append(body)
        if request.headers.get(self.authorization_header) != self.authorization:
            return refused(self.unauthorized)
        if self.refusal is not None and self.refused_path in request.path:
            return refused(self.refusal)
        try:
            response = self.respond(request, body)
        except ValueError:
            return refused(Refusal(400, {"error": "a parameter"}))
        return web.json_response(self.spoil(json.loads(response.text or "null")), status=response.status)


class GrantingApi(VendorApi):
    """A vendor's API that gives tokens which end, at `token_path` for a form of `client` and `grant`."""

    token_path: str
    client: Mapping[str, str]
    grant: Mapping[str, str]
    token_name: str
    """What a token is called, before its number."""
    scheme = "Bearer "

    def __init__(self) -> None:
        super().__init__()
        self.oauth = dict(self.client)
        self.granted = 0

    def grants(self, token: str) -> dict[str, Any]:
        """The answer that gives a token."""
        return {"access_token": token, "token_type": "bearer", "expires_in": 1800}

    def unknown_client(self, secret: str | None) -> Refusal:
        """The answer to another form."""
        return Refusal(400, {"error": "invalid_client", "error_description": f"unknown client {secret}"})

    def revoke(self) -> None:
        super().revoke()
        self.oauth["client_secret"] = "another"

    def expire(self) -> None:
        """End the token; the client is given another."""
        self.authorization = "another"

    async def answer(self, request: web.Request) -> web.Response:
        if (request.method, request.path) != ("POST", self.token_path):
            return await super().answer(request)
        self.requests.append(f"POST {request.path}")
        form = {name: str(value) for name, value in (await request.post()).items()}
        if form != {**self.oauth, **self.grant}:
            return refused(self.unknown_client(form.get("client_secret")))
        self.granted += 1
        token = f"{self.token_name}{self.granted}"
        self.authorization = f"{self.scheme}{token}"
        return web.json_response(self.grants(token))


def refused(refusal: Refusal) -> web.Response:
    return web.json_response(refusal.body, status=refusal.status, headers=refusal.headers)


@asynccontextmanager
async def opened(kind: type[Vendor[Any]], api: VendorApi, name: str, **settings: Any) -> AsyncIterator[Vendor[Any]]:
    """A connector that is open, on the vendor's server."""
    async with serving(api.answer) as base_url:
        connector = _built(kind, name, base_url, settings)
        await connector.open()
        try:
            yield connector
        finally:
            await connector.aclose()


@asynccontextmanager
async def gateway_to(kind: type[Vendor[Any]], api: VendorApi, name: str, **settings: Any) -> AsyncIterator[Gateway]:
    """A gateway whose one source is the vendor's server."""
    async with serving(api.answer) as base_url, gateway_on([_built(kind, name, base_url, settings)]) as gateway:
        yield gateway


def _built(kind: type[Vendor[Any]], name: str, base_url: str, settings: Mapping[str, Any]) -> Vendor[Any]:
    return kind(name, kind.settings_type.model_validate({"base_url": base_url, **settings}))


def lookup_of(connector: Vendor[Any], record: type[Record], by: KeyKind) -> Lookup:
    return next(found for found in connector.lookups() if (found.record, found.by) == (record, by))


async def ids_of(
    connector: Vendor[Any], record: type[Record], by: KeyKind, keys: Keys, *fields: str, **ask: Any
) -> dict[str, list[str]]:
    """The ids of the records that keys find, in the order of the answer; asked for are the ids and more `fields`."""
    answer = await lookup_of(connector, record, by).fetch(keys, Ask(fields=Fields.from_paths("id", *fields), **ask))
    return {key: [one["id"] for one in msgspec.json.decode(json_of(page_of(found)))] for key, found in answer.items()}


async def failure_of(lookup: Lookup, key: str, **ask: Any) -> SourceError:
    """The error of a call for one key, raised or as that key's value."""
    try:
        found = (await lookup.fetch([key], Ask(fields=all_fields(lookup.record), **ask)))[key]
    except SourceError as error:
        return error
    assert isinstance(found, SourceError)
    return found


async def expect_secrecy(gateway: Gateway, query: str, secret: str) -> dict[str, Any]:
    """The answer to a query; neither it nor the log has the secret."""
    with capture_logs() as logs:
        answer = await gateway.ask(query)
    assert logs
    assert secret not in f"{answer} {logs}"
    return answer


def expect_refused_settings(kind: type[Vendor[Any]], message: str, **settings: Any) -> None:
    """The settings are refused with the message, which shows nothing that was set."""
    with pytest.raises(Exception, match=message) as caught:
        kind("vendor", kind.settings_type.model_validate(settings))
    assert "input_value" not in str(caught.value)
