"""A connection of HTTP/1.1: send a request, read its response.

httptools reads the grammar. Limits, content codings and the end of a response are decided here.
"""

import asyncio
import select
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from multidict import CIMultiDict

from connectors.errors import SourceError, SourceProtocolError, SourceUnavailableError

MAX_HEAD_BYTES = 64 * 1024
"""Of what may come without a byte of content: interim responses, headers, trailers. What is read at once may exceed it."""
MAX_GZIP_MEMBERS = 100
_OTHER_CODINGS = {b"br", b"compress", b"dcb", b"dcz", b"zstd"}
Fields = dict[bytes, bytes]
"""Header fields by their names in small letters; of several with one name the first."""
ContentLimit = Callable[[int, Fields], int]
"""How many bytes of content to read after such a status and such fields; 0 where they do not matter."""


class SourceResponse(NamedTuple):
    """A response. `content` is decompressed, None where it is larger than wanted, empty where it is not wanted."""

    status: int
    fields: Fields
    content: bytes | None

    @property
    def headers(self) -> Mapping[str, str]:
        """The fields as text, whatever the case of a name."""
        return CIMultiDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.fields.items())


class HttpConnection(asyncio.Protocol):
    """One connection, for one request at a time."""

    __slots__ = (
        "_content",
        "_fields",
        "_inflation",
        "_is_complete",
        "_keeps",
        "_limit_content",
        "_loop",
        "_max_bytes",
        "_overhead",
        "_parser",
        "_readable",
        "_response",
        "_status",
        "_transport",
        "has_answered",
        "idle_since",
    )

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._response: asyncio.Future[SourceResponse] | None = None
        self._keeps = self._is_complete = True
        self.has_answered = False
        self.idle_since = 0.0

    def send(self, request: bytes, limit_content: ContentLimit) -> asyncio.Future[SourceResponse]:
        """Send a request; the future is its response, or a `SourceError`."""
        if self._transport is None:
            raise SourceUnavailableError("no connection")
        self._is_complete = self.has_answered = False
        self._limit_content = limit_content
        self._status = self._max_bytes = self._overhead = 0
        self._fields: Fields = {}
        self._content = bytearray()  # and not its pieces, which may be tiny
        self._inflation: _Inflation | None = None
        self._response = response = self._loop.create_future()
        self._transport.write(request)
        return response

    @property
    def is_free(self) -> bool:
        """Whether it can take another request."""
        return self._keeps and self._is_complete and self._transport is not None and not self._transport.get_write_buffer_size()

    @property
    def is_silent(self) -> bool:
        """Whether the source has sent nothing that the loop has not read yet: what comes unasked is no answer."""
        return not self._readable.poll(0)

    def close(self) -> None:
        """Close when all is sent."""
        self._keeps = False
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._keeps = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # that of uvloop is none
        self._readable = select.poll()
        self._readable.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        if self._is_complete or self._parser is None:  # nobody asked
            self.abort()
            return
        self.has_answered = True
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._fail(SourceProtocolError("the answer is not HTTP"))
        else:
            if self._overhead > MAX_HEAD_BYTES:
                self._fail(SourceProtocolError("the headers are too large"))

    def eof_received(self) -> None:
        """Take the end of what the source sends for that of a response without a length."""
        self._keeps = False
        if self._response is not None and self._status and self._lasts_until_the_end():
            self._finish_content()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  it may be our own doing
        self._fail(SourceUnavailableError("the connection broke during the answer" if self.has_answered else "no connection"))
        self._transport = self._parser = None  # which refers to this

    def on_message_begin(self) -> None:
        if self._is_complete:
            raise HttpParserError("nobody asked")
        self._fields = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status:
            return  # a trailer
        name = name.lower()
        if name == b"transfer-encoding" and name in self._fields:
            self._fields[name] += b", " + value
        else:
            self._fields.setdefault(name, value)

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            return
        self._status = status
        self._max_bytes = self._limit_content(status, self._fields)
        if not self._max_bytes:
            self._finish(b"")
        elif (coding := self._fields.get(b"content-encoding")) is not None:
            try:
                self._inflation = _inflation_of(coding)
            except SourceProtocolError as error:
                self._fail(error)

    def on_body(self, content: bytes) -> None:
        if self._response is None:
            return
        if self._inflation is not None:
            try:
                content = self._inflation.decode(content, self._max_bytes - len(self._content) + 1)
            except zlib.error:
                self._fail(SourceProtocolError("the content cannot be decompressed"))
                return
        if content:
            self._overhead = 0
        if len(self._content) + len(content) > self._max_bytes:
            self._finish(None)
        else:
            self._content += content

    def on_message_complete(self) -> None:
        assert self._parser is not None
        if not self._status:  # an interim response
            return
        self._is_complete = True
        self._keeps = self._keeps and self._parser.should_keep_alive()
        self._finish_content()

    def _lasts_until_the_end(self) -> bool:
        coding = self._fields.get(b"transfer-encoding", b"identity")
        return b"content-length" not in self._fields and coding.strip().lower() == b"identity"

    def _finish_content(self) -> None:
        if self._inflation is not None and not self._inflation.is_complete:
            self._fail(SourceProtocolError("the content cannot be decompressed"))
        else:
            self._finish(bytes(self._content))

    def _finish(self, content: bytes | None) -> None:
        response = self._detach_response()
        if response is not None and not response.done():
            response.set_result(SourceResponse(self._status, self._fields, content))

    def _fail(self, error: SourceError) -> None:
        self._keeps = False
        response = self._detach_response()
        if response is not None and not response.done():
            response.set_exception(error)

    def _detach_response(self) -> asyncio.Future[SourceResponse] | None:
        """Detach what is waited for. An idle connection holds no content."""
        response, self._response = self._response, None
        self._content, self._inflation = bytearray(), None
        return response


class _Inflation:
    """Content of gzip or deflate, decoded as it comes."""

    def __init__(self, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._stream: zlib._Decompress | None = None
        self._members = 0

    @property
    def is_complete(self) -> bool:
        return self._stream is None

    def decode(self, content: bytes, max_bytes: int) -> bytes:
        """Decode at most so many bytes. Raises `zlib.error`."""
        decoded = b""
        while content and len(decoded) < max_bytes:
            if self._stream is None:
                self._stream = self._next_stream(content)
                if self._stream is None:
                    break
            decoded += self._stream.decompress(content, max_bytes - len(decoded))
            content = self._stream.unused_data
            if self._stream.eof:
                self._stream = None
        return decoded

    def _next_stream(self, content: bytes) -> "zlib._Decompress | None":
        """Members of gzip may follow each other; what else follows is padding."""
        if self._members and not (self._is_gzip and content.startswith(b"\x1f")):
            return None
        self._members += 1
        if self._members > MAX_GZIP_MEMBERS:
            raise zlib.error("too many members")
        if self._is_gzip:
            return zlib.decompressobj(zlib.MAX_WBITS + 16)
        has_header = content[0] & 0x0F == zlib.DEFLATED  # some send deflate without that of zlib
        return zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)


def _inflation_of(coding: bytes) -> _Inflation | None:
    """Find what decodes a coding, None for what is none: some sources name the charset there."""
    names = [
        name for part in coding.lower().split(b",") if (name := part.strip().removeprefix(b"x-")) not in {b"", b"identity"}
    ]
    if len(names) > 1 or not _OTHER_CODINGS.isdisjoint(names):
        raise SourceProtocolError("its Content-Encoding is not one of gzip and deflate, which were asked for")
    return _Inflation(is_gzip=names == [b"gzip"]) if names and names[0] in {b"gzip", b"deflate"} else None
