"""Negotiate the media type and check headers before the document is read.

What cannot is refused with a status that holds for both media types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"
MULTIPART = "multipart/mixed"
BODY_TYPE = JSON.encode()

MAX_NEGOTIATED_BYTES = 4096
"""`Accept`, and the type of a body: no client that is known sends more than some hundred."""

CACHED_HEADER_BYTES = 256
"""A longer header is read anew for each request, so that what is remembered of headers is bounded by its bytes too."""

MAX_KNOWN_MEDIA = 256


class RefusedError(Exception):
    """The request is answered without an operation. `status` holds for both media types."""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


known_media: dict[bytes, str] = {}
"""The media type of the answer by headers `Accept` that were met. To be looked at before `negotiate` is called."""


def negotiate(accept: bytes) -> str:
    """Negotiate the media type of the answer."""
    if len(accept) > MAX_NEGOTIATED_BYTES:
        raise RefusedError(431, f"the header Accept is longer than {MAX_NEGOTIATED_BYTES} bytes")
    ranges = [(name, quality) for name, quality, _ in read_ranges(accept)]
    chosen = max((JSON, RESPONSE_JSON), key=lambda media: _rank(media, ranges))
    if _rank(chosen, ranges)[0] <= 0:
        if _rank(MULTIPART, ranges)[0] <= 0:
            raise RefusedError(406, f"the answer is {RESPONSE_JSON} or {JSON}; accept one of them")
        chosen = RESPONSE_JSON  # of what has no parts that leave later
    if len(accept) <= CACHED_HEADER_BYTES:
        if len(known_media) >= MAX_KNOWN_MEDIA:
            known_media.clear()
        known_media[accept] = chosen
    return chosen


def _rank(media: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int, int]:
    """Rank by the most specific range's quality, its specificity, its position."""
    names = ("*/*", "application/*", media)
    fits = [(names.index(name), -place, quality) for place, (name, quality) in enumerate(ranges) if name in names]
    specific, place, quality = max(fits, default=(0, 0, 0.0))
    return quality, specific, place


def read_ranges(accept: bytes) -> list[tuple[str, float, list[str]]]:
    """Read the media types of a header `Accept`, each with its quality and its other parameters."""
    return [_range(part) for part in accept.decode("latin-1").split(",")]


def _range(part: str) -> tuple[str, float, list[str]]:
    name, *parameters = (word.strip().lower() for word in part.split(";"))
    quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
    others = [word for word in parameters if not word.startswith("q=")]
    try:
        return name, float(quality), others
    except ValueError:
        return name, 0.0, others


def check_body_type(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a body that is not plain JSON."""
    content_type = headers.get(b"content-type", b"")
    if content_type != BODY_TYPE:
        if len(content_type) > MAX_NEGOTIATED_BYTES:
            raise RefusedError(431, f"the header Content-Type is longer than {MAX_NEGOTIATED_BYTES} bytes")
        (_check_type_cached if len(content_type) <= CACHED_HEADER_BYTES else _check_type)(content_type)
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise RefusedError(415, "the body must not be compressed")


def _check_type(content_type: bytes) -> None:
    name, *parameters = (word.strip().lower() for word in content_type.decode("latin-1").split(";"))
    if name != JSON:
        raise RefusedError(415, f"the body must be {JSON}")
    if any(word.startswith("charset=") and word[8:].strip('"') not in ("utf-8", "utf8") for word in parameters):
        raise RefusedError(415, "the body must be in UTF-8")


_check_type_cached = lru_cache(maxsize=64)(_check_type)
