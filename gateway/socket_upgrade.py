"""Switch a connection over to the protocol of WebSockets, where a request at the endpoint opens one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from gateway.http.endpoint import ENDPOINT
from gateway.http.negotiation import RefusedError
from gateway.http.request_head import Head
from gateway.subscriptions.socket_endpoint import SocketEndpoint
from gateway.subscriptions.socket_messages import SUBPROTOCOL
from gateway.subscriptions.socket_session import MAX_FIELD_BYTES

MAX_FIELDS = 128
"""How many headers a handshake has."""

_ENDPOINT = ENDPOINT.encode()
_HANDSHAKE = (b"connection", b"sec-websocket-key", b"sec-websocket-version", b"upgrade")
_BODIES = frozenset([b"content-length", b"transfer-encoding"])


class SocketOpening(msgspec.Struct, frozen=True):
    """A handshake that was accepted."""

    sockets: SocketEndpoint
    head: Head
    response: Response

    @property
    def is_understood(self) -> bool:
        """Whether its client speaks as the endpoint does."""
        return "Sec-WebSocket-Protocol" in self.response.headers


def read_opening(connection: Any) -> SocketOpening | None:
    """Read the handshake whose head a connection has. None for another upgrade, which is ignored. Stops what is refused."""
    if not _opens_socket(connection):
        return None
    connection.check_head()
    try:
        return _accept(connection)
    except RefusedError as error:
        connection.stop(error.status, str(error), error.code, **error.headers)
        raise


def cut_upgrade(connection: Any) -> bytes:
    """Cut `Upgrade` out of a head. It may be ignored (RFC 9110 7.8), but not by the parser."""
    version = connection.parser.get_http_version().encode()
    first = b"%b %b HTTP/%b" % (connection.parser.get_method(), connection.url, version)
    lines = [b"%b: %b" % header for header in connection.headers if header[0] != b"upgrade"]
    return b"\r\n".join([first, *lines, b"\r\n"])


def open_socket(connection: Any, opening: SocketOpening, rest: bytes) -> None:
    """Switch a connection over, with what came behind the handshake."""
    session = opening.sockets.open(opening.head, connection.transport)
    connection.release_to(session.protocol)
    if connection.flow.write_paused:
        session.protocol.pause_writing()
    session.protocol.transport.write(opening.response.serialize())
    if not opening.is_understood:
        opening.sockets.refuse_subprotocol(session)
    if rest:
        session.protocol.data_received(rest)


def _opens_socket(connection: Any) -> bool:
    answered = connection.cycle
    return (
        isinstance(getattr(connection.app, "sockets", None), SocketEndpoint)
        and connection.url.partition(b"?")[0] == _ENDPOINT
        and connection.parser.get_method() == b"GET"
        and connection.parser.get_http_version() == "1.1"
        and [value.lower() for name, value in connection.headers if name == b"upgrade"] == [b"websocket"]
        and _BODIES.isdisjoint(name for name, _ in connection.headers)
        and not connection.pipeline
        and (answered is None or answered.response_complete)
    )


def _accept(connection: Any) -> SocketOpening:
    fields = connection.headers
    if sum(len(name) + len(value) for name, value in fields) > MAX_FIELD_BYTES:
        raise RefusedError(431, f"a WebSocket is opened with {MAX_FIELDS} headers and {MAX_FIELD_BYTES} bytes of them at most")
    sockets: SocketEndpoint = connection.app.sockets
    peer = None if connection.client is None else connection.client[0]
    head = Head("GET", fields, b"", sockets.monotonic(), peer)
    sockets.admit(head)
    own = Headers((name.decode(), value.decode("latin-1")) for name, value in fields if name in _HANDSHAKE)
    response = ServerProtocol().accept(Request(ENDPOINT, own))
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        needs = {"upgrade": "websocket"} if response.status_code == HTTPStatus.UPGRADE_REQUIRED else {}
        raise RefusedError(response.status_code, response.body.decode().strip(), **needs)
    offered = b",".join(value for name, value in fields if name == b"sec-websocket-protocol")
    if SUBPROTOCOL.encode() in (name.strip() for name in offered.split(b",")):
        response.headers["Sec-WebSocket-Protocol"] = SUBPROTOCOL
    return SocketOpening(sockets, head, response)
