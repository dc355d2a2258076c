"""Servers that speak just enough of PostgreSQL's and MongoDB's protocols to refuse, or to answer badly."""

import asyncio
import struct
from collections.abc import Callable, Mapping
from typing import Any

import bson

from tests.support.faulty_server import LARGE, SECRET, Say

_SSL_REQUEST = 80_877_103
_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013
_HELLO = {
    "ismaster": True,
    "helloOk": True,
    "maxBsonObjectSize": 16_777_216,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "readOnly": False,
    "ok": 1.0,
}
_QUIET = {"hello", "ismaster", "ping", "killCursors", "endSessions"}
"""Commands that are answered as by a server that is well."""
_DOCUMENT_BYTES = 15_000_000
_CURSOR = 7


def postgresql_refusing(sqlstate: str) -> Say:
    """A PostgreSQL server that ends every connection with an error, before it asks who is there."""
    fields = {b"S": "FATAL", b"V": "FATAL", b"C": sqlstate, b"M": SECRET}
    text = b"".join(name + value.encode() + b"\0" for name, value in fields.items()) + b"\0"

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            length, kind = struct.unpack("!ii", await reader.readexactly(8))
            await reader.readexactly(length - 8)
            if kind != _SSL_REQUEST:
                break
            writer.write(b"N")
        writer.write(b"E" + struct.pack("!i", len(text) + 4) + text)
        await writer.drain()

    return say


async def speaking_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Another service on that port: whatever it is sent, it answers that this is no HTTP."""
    await reader.read(1)
    writer.write(f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>{SECRET}</html>".encode())
    await writer.drain()


def mongodb_answering(answer: Callable[[str], bytes]) -> Say:
    """A MongoDB server without data: `answer` gives the BSON for the name of a command."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            length, number, _, operation = struct.unpack("<iiii", await reader.readexactly(16))
            content = await reader.readexactly(length - 16)
            if operation == _OP_QUERY:
                operation, start, found = _OP_REPLY, struct.pack("<iqii", 0, 0, 0, 1), bson.encode(_HELLO)
            else:
                start = struct.pack("<iB", 0, 0)
                (size,) = struct.unpack_from("<i", content, 5)
                name = next(iter(bson.decode(content[5 : 5 + size])))
                found = bson.encode(_HELLO) if name in _QUIET else answer(name)
            writer.write(struct.pack("<iiii", 16 + len(start) + len(found), 0, number, operation) + start + found)
            await writer.drain()

    return say


def mongodb_refusing(code: int) -> Say:
    """A MongoDB server that answers every command with an error."""
    refusal = bson.encode({"ok": 0.0, "errmsg": SECRET, "code": code, "codeName": SECRET})
    return mongodb_answering(lambda _: refusal)


def mongodb_cut_short(document: Mapping[str, Any]) -> Say:
    """A MongoDB server whose answers end in the middle of a document."""
    cursor = {"firstBatch": [document], "id": 0, "ns": "shop.orders"}
    whole = bson.encode({"cursor": cursor, "ok": 1.0})
    return mongodb_answering(lambda _: whole[:-20])


def mongodb_flooding(document: Mapping[str, Any]) -> Say:
    """A MongoDB server that gives documents of nearly 16 MB, one an answer, until it was `LARGE` bytes."""
    large = {**document, "currency": "x" * _DOCUMENT_BYTES}
    left = LARGE // _DOCUMENT_BYTES

    def answer(name: str) -> bytes:
        nonlocal left
        left -= 1
        batch = "firstBatch" if name == "aggregate" else "nextBatch"
        return bson.encode({"cursor": {batch: [large], "id": _CURSOR if left > 0 else 0, "ns": "shop.orders"}, "ok": 1.0})

    return mongodb_answering(answer)
