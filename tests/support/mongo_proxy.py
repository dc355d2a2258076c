"""A proxy in front of MongoDB that keeps one kind of command from it."""

import asyncio
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import bson

from tests.support.faulty_server import listening

_HEADER_BYTES, _OP_MSG = 16, 2013


class MongoProxy:
    """Passes all on. While it `holds`, the `command` on the `collection` is kept, and `held` is set when there is one."""

    def __init__(self, uri: str, command: str, collection: str) -> None:
        self.uri = ""
        self.holds = False
        self.held = threading.Event()
        self._address = urlsplit(uri)
        self._kept = command, collection

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listen on a port, which `uri` names, in a thread of its own: a test may wait for what asks here."""
        listens, ends, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

        async def listen() -> None:
            async with listening(self._say) as port:
                self.uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
                listens.set()
                await ends.wait()

        thread = threading.Thread(target=loop.run_until_complete, args=(listen(),))
        thread.start()
        assert listens.wait(60)
        try:
            yield
        finally:
            loop.call_soon_threadsafe(ends.set)
            thread.join()
            loop.close()

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(self._address.hostname, self._address.port)
        answers = asyncio.create_task(_pass_answers(from_server, writer))
        try:
            while True:
                header = await reader.readexactly(_HEADER_BYTES)
                length, _, _, operation = struct.unpack("<iiii", header)
                content = await reader.readexactly(length - _HEADER_BYTES)
                if self.holds and operation == _OP_MSG and self._is_kept(content):
                    self.held.set()
                    continue
                to_server.write(header + content)
                await to_server.drain()
        finally:
            answers.cancel()
            to_server.close()

    def _is_kept(self, content: bytes) -> bool:
        (size,) = struct.unpack_from("<i", content, 5)
        return next(iter(bson.decode(content[5 : 5 + size]).items())) == self._kept


async def _pass_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while content := await reader.read(65_536):
            writer.write(content)
            await writer.drain()
        writer.close()
