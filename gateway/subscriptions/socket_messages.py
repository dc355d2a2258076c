"""Read and write the messages of graphql-transport-ws."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NoReturn

import msgspec

from gateway.error_codes import ErrorCode

SUBPROTOCOL = "graphql-transport-ws"

MAX_ID_LENGTH = 200
MAX_REASON_BYTES = 123
"""What a frame that closes has room for, beside the code."""


NOTHING = msgspec.Raw(b"null")
"""The payload of a message that has none."""


class CloseCode(IntEnum):
    """Why a socket is closed: codes of RFC 6455, and of the protocol."""

    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    INVALID_TEXT = 1007
    MESSAGE_TOO_LARGE = 1009
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
    """The socket is to be closed, with a reason of 123 bytes at most. That is observed as refused with `error_code`."""

    def __init__(self, code: CloseCode, reason: str, error_code: str = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        self.error_code = str(error_code)


class ConnectionInit(msgspec.Struct, tag="connection_init", frozen=True):
    """A client begins: the payload may have what else headers say."""

    payload: dict[str, Any] | None = None


class Ping(msgspec.Struct, tag="ping", frozen=True, omit_defaults=True):
    """One side asks whether the other is there."""

    payload: msgspec.Raw = NOTHING


class Pong(msgspec.Struct, tag="pong", frozen=True, omit_defaults=True):
    """It is there."""

    payload: msgspec.Raw = NOTHING


class Subscribe(msgspec.Struct, tag="subscribe", frozen=True):
    """A client asks, under an id of its own. What it asks is the body of a request by POST, and stays as it came."""

    id: str
    payload: msgspec.Raw


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
    """An operation was refused, and is over."""

    id: str
    payload: msgspec.Raw


ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete


class _Refusal(msgspec.Struct):
    """What is looked at of the body of a result that was refused."""

    errors: msgspec.Raw = msgspec.Raw(b"[]")


_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_refusal_decoder = msgspec.json.Decoder(_Refusal)
_encoder = msgspec.json.Encoder()


def read_message(text: str) -> ClientMessage:
    """Read a message of a client. Raises `SocketClosedError`."""
    try:
        message = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        refuse_message(str(error) if isinstance(error, msgspec.DecodeError) else "it cannot be read")
    if isinstance(message, Subscribe | Complete) and not 0 < len(message.id) <= MAX_ID_LENGTH:
        refuse_message(f"`id` has 1 to {MAX_ID_LENGTH} letters")
    if isinstance(message, Subscribe) and not _is_object(message.payload):
        refuse_message("`payload` is an object")
    if isinstance(message, Ping | Pong) and not (message.payload == NOTHING or _is_object(message.payload)):
        refuse_message("`payload` is an object, if there is one")
    return message


def refuse_message(problem: str) -> NoReturn:
    """Refuse a message that the protocol does not have. Raises `SocketClosedError`."""
    raise SocketClosedError(CloseCode.BAD_REQUEST, f"Invalid message: {problem}")


def read_errors(body: bytes) -> msgspec.Raw:
    """Read the errors of a result that was refused."""
    return _refusal_decoder.decode(body).errors


def write_message(message: msgspec.Struct) -> bytes:
    """Write a message of the server."""
    return _encoder.encode(message)


def _is_object(payload: msgspec.Raw) -> bool:
    return bytes(payload)[:1] == b"{"
