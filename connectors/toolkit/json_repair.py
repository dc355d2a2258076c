"""Rewrite JSON that no decoder takes, so that each fault costs itself."""

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

BOM = b"\xef\xbb\xbf"
_SURROGATES = re.compile(rb"(?<!\\)(\\++)(u[dD][89a-fA-F][0-9a-fA-F]{2})((?:\\u[dD][89a-fA-F][0-9a-fA-F]{2})*)")
"""Backslashes, of which the last begins an escape if their number is odd, and the escapes that follow."""
_PAIRS = re.compile(rb"(\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|\\u....")
_encode = msgspec.json.Encoder(decimal_format="number").encode


def repair_json(content: bytes) -> bytes:
    """Rewrite JSON as RFC 8259 has it, digit for digit. Half a character of UTF-16 and bytes that are no UTF-8 become U+FFFD.

    A mark of the byte order goes, control characters in texts are escaped. Numbers that none can be (`NaN`, `1e` with twenty
    digits) become texts. Raises `ValueError` or `RecursionError` for what is no JSON even so.
    """
    text = _SURROGATES.sub(_in_pairs, content.removeprefix(BOM)).decode("utf-8", "replace")
    return _encode(json.loads(text, strict=False, parse_float=_decimal, parse_int=_int, parse_constant=str))


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
