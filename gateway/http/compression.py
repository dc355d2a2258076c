"""Compress answers with gzip for callers who accept it, away from the event loop where they are large."""

from __future__ import annotations

import asyncio
import re
import zlib
from concurrent.futures import ThreadPoolExecutor

from gateway.http.negotiation import MAX_NEGOTIATED_BYTES
from gateway.http.response import HttpResponse

MIN_BYTES = 2_048
"""7 us for 2 kB, of which a quarter is left. What is smaller goes in one or two packets, compressed or not."""

THREAD_BYTES = 64 << 10
"""130 us: what is larger would hold the loop for longer. 3.3 ms for 1 MB, of which a sixth is left."""

LEVEL = 1
"""Level 6 takes 2.5 times as long for the last 3 %: 0.13 of the size instead of 0.16."""

MAX_AT_ONCE = 2
"""Large answers of a worker that are compressed at a time. While as many are, others go as they are."""

MAX_KNOWN_CODINGS = 256
_CACHED_HEADER_BYTES = 256

_GZIP_WINDOW = 31
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

_known_codings: dict[bytes, bool] = {}


class Compressor:
    """Compresses the answers of a worker. Its threads are its own: no source waits for them."""

    def __init__(self) -> None:
        self.under_way = 0
        self._threads = ThreadPoolExecutor(MAX_AT_ONCE, thread_name_prefix="gzip")

    async def compress(self, answer: HttpResponse, accept_encoding: bytes) -> None:
        """Compress the body of an answer, where its caller accepts that and it can be done now."""
        if not accepts_gzip(accept_encoding):
            return
        if len(answer.body) <= THREAD_BYTES:
            _replace(answer, deflate(answer.body))
        elif self.under_way < MAX_AT_ONCE:
            self.under_way += 1
            work = asyncio.get_running_loop().run_in_executor(self._threads, deflate, answer.body)
            work.add_done_callback(self._end)
            _replace(answer, await asyncio.shield(work))  # who leaves does not make room for a third one

    def _end(self, work: asyncio.Future[bytes]) -> None:  # noqa: ARG002
        self.under_way -= 1


def _replace(answer: HttpResponse, body: bytes) -> None:
    answer.body = body
    answer.more_headers = {**answer.more_headers, "content-encoding": "gzip"}


def deflate(body: bytes) -> bytes:
    """Write a body as gzip does."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return compressor.compress(body) + compressor.flush()


def accepts_gzip(header: bytes) -> bool:
    """Tell whether gzip is accepted, and no less than what is not compressed (RFC 9110 12.5.3)."""
    known = _known_codings.get(header)
    if known is not None:
        return known
    if len(header) > MAX_NEGOTIATED_BYTES:
        return False
    qualities = dict(_coding(part) for part in header.decode("latin-1").lower().split(","))
    quality = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    accepted = quality > 0 and quality >= qualities.get("identity", 0.0)
    if len(header) <= _CACHED_HEADER_BYTES:
        if len(_known_codings) >= MAX_KNOWN_CODINGS:
            _known_codings.clear()
        _known_codings[header] = accepted
    return accepted


def _coding(part: str) -> tuple[str, float]:
    """Read a coding with its quality, which is 0 where it cannot be read."""
    name, *parameters = (word.strip() for word in part.split(";"))
    if not parameters:
        return name, 1.0
    word, _, value = (text.strip() for text in parameters[0].partition("="))
    is_quality = len(parameters) == 1 and word == "q" and _QUALITY.fullmatch(value)
    return name, float(value) if is_quality else 0.0
