"""Read and write the messages of graphql-transport-ws."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NoReturn

import msgspec

SUBPROTOCOL = "graphql-transport-ws"


class CloseCode(IntEnum):
    """Why a socket is closed: codes of RFC 6455, and of the protocol."""

    TRY_AGAIN_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INITIALISATION_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITIALISATIONS = 4429
    INTERNAL_ERROR = 4500


class SocketClosedError(Exception):
    """The socket is to be closed with a code, and a reason of 123 bytes at most."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")


MAX_REASON_BYTES = 123
"""What a frame that closes has room for, beside the code."""


class ConnectionInit(msgspec.Struct, tag="connection_init", frozen=True):
    """A client begins: the payload may have what else headers say."""

    payload: dict[str, Any] | None = None


class Ping(msgspec.Struct, tag="ping", frozen=True, omit_defaults=True):
    """One side asks whether the other is there."""

    payload: dict[str, Any] | None = None


class Pong(msgspec.Struct, tag="pong", frozen=True, omit_defaults=True):
    """It is there."""

    payload: dict[str, Any] | None = None


class OperationPayload(msgspec.Struct, rename="camel", frozen=True):
    """What is asked: the parameters of a request."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class Subscribe(msgspec.Struct, tag="subscribe", frozen=True):
    """A client asks, under an id of its own."""

    id: str
    payload: OperationPayload


class Complete(msgspec.Struct, tag="complete", frozen=True):
    """An operation is over, or its client wants no more."""

    id: str


class ConnectionAck(msgspec.Struct, tag="connection_ack", frozen=True):
    """The client may ask."""


class Next(msgspec.Struct, tag="next", frozen=True):
    """A result of an operation."""

    id: str
    payload: msgspec.Raw


class OperationErrors(msgspec.Struct, tag="error", frozen=True):
    """An operation was refused before it ran, and is over."""

    id: str
    payload: msgspec.Raw


ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete

_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_encoder = msgspec.json.Encoder()


def read_message(text: str | None) -> ClientMessage:
    """Read a message of a client, None for a binary one. Raises `SocketClosedError`."""
    if text is None:
        refuse_message("messages are texts")
    try:
        message = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        refuse_message(str(error) if isinstance(error, msgspec.DecodeError) else "it cannot be read")
    if isinstance(message, Subscribe | Complete) and not message.id:
        refuse_message("the id is empty")
    return message


def refuse_message(problem: str) -> NoReturn:
    """Refuse a message that the protocol does not have. Raises `SocketClosedError`."""
    raise SocketClosedError(CloseCode.BAD_REQUEST, f"Invalid message: {problem}")


def write_message(message: msgspec.Struct) -> str:
    """Write a message of the server."""
    return _encoder.encode(message).decode()
