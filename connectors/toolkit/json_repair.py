"""Rewrite JSON that no decoder takes, so that each fault costs itself."""

import codecs
import json
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

BOM = b"\xef\xbb\xbf"
_SURROGATES = re.compile(rb"(?<!\\)(\\++)(u[dD][89a-fA-F][0-9a-fA-F]{2})((?:\\u[dD][89a-fA-F][0-9a-fA-F]{2})*)")
"""Backslashes, of which the last begins an escape if their number is odd, and the escapes that follow."""
_PAIRS = re.compile(rb"(\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|\\u....")
_CHARSET = re.compile(rb";\s*charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_CODECS = re.compile("utf-(?:16|32)(?:-[bl]e)?|iso8859-.+|cp125.|koi8-.|gb.+|big5|shift_jis|euc_..")
"""The codecs by Python's names that a media type may choose. Some others take quadratic time."""
_encode = msgspec.json.Encoder(decimal_format="number").encode


def repair_json(content: bytes) -> bytes:
    """Rewrite JSON as RFC 8259 has it, digit for digit. Half a character of UTF-16 and bytes that are no UTF-8 become U+FFFD.

    A mark of the byte order goes, control characters in texts are escaped. Numbers that none can be (`NaN`, `1e` with twenty
    digits) become texts. Raises `ValueError` or `RecursionError` for what is no JSON even so.
    """
    text = _SURROGATES.sub(_in_pairs, content.removeprefix(BOM)).decode("utf-8", "replace")
    return _encode(json.loads(text, strict=False, parse_float=_decimal, parse_int=_int, parse_constant=str))


def in_utf8(content: bytes, media_type: bytes) -> bytes:
    """Write JSON in UTF-8, from the charset that its media type names, without a mark of the byte order.

    What is UTF-8 stays so, whatever its media type says: many servers name another one of their own accord.
    """
    charset = _codec_of(media_type)
    if charset is not None and (b"\0" in content if charset.startswith("utf-") else not _is_utf8(content)):
        content = content.decode(charset, "replace").encode()
    return content.removeprefix(BOM)


@lru_cache(maxsize=16)
def _codec_of(media_type: bytes) -> str | None:
    named = _CHARSET.search(media_type)
    try:
        name = "" if named is None else codecs.lookup(named[1].decode("ascii", "replace")).name
    except LookupError:
        return None
    return name if _CODECS.fullmatch(name) else None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _in_pairs(match: re.Match[bytes]) -> bytes:
    """Escapes of UTF-16 with U+FFFD in the place of each half."""
    backslashes, first, others = match.groups()
    if len(backslashes) % 2:
        backslashes, first, others = backslashes[1:], b"", rb"\%b%b" % (first, others)
    return backslashes + first + _PAIRS.sub(lambda pair: pair[1] or rb"\ufffd", others)


def _decimal(text: str) -> Any:
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


def _int(text: str) -> Any:
    try:
        return int(text)
    except ValueError:  # thousands of digits
        return text
