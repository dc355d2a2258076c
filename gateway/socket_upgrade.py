"""Hand a connection over to the protocol of WebSockets, where a request at the endpoint opens one."""

from __future__ import annotations

from typing import Any

from gateway.http.endpoint import ENDPOINT

_ENDPOINT = ENDPOINT.encode()


def is_socket_opening(connection: Any) -> bool:
    """Tell whether the head that a connection has read opens a socket. Every other upgrade is ignored."""
    answered = connection.cycle
    return (
        connection.ws_protocol_class is not None
        and connection.url.partition(b"?")[0] == _ENDPOINT
        and connection.parser.get_method() == b"GET"
        and connection.parser.get_http_version() == "1.1"
        and [value.lower() for name, value in connection.headers if name == b"upgrade"] == [b"websocket"]
        and (answered is None or answered.response_complete)
    )


def open_socket(connection: Any, rest: bytes) -> None:
    """Hand the connection over, with its head and what came behind it. It has no timer any more."""
    connection._timer.cancel()  # noqa: SLF001  as the connection's own module would
    connection.connections.discard(connection)
    protocol = connection.ws_protocol_class(
        config=connection.config, server_state=connection.server_state, app_state=connection.app_state
    )
    lines = [b"GET %b HTTP/1.1" % connection.url, *(b"%b: %b" % field for field in connection.headers), b"\r\n"]
    connection.transport.set_protocol(protocol)
    connection.data_received = protocol.data_received  # for pieces of the same segment
    protocol.connection_made(connection.transport)
    protocol.data_received(b"\r\n".join(lines) + rest)
