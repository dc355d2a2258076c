"""JSON that no decoder takes as a whole, written again so that what is wrong in it costs itself alone."""

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

BOM = b"\xef\xbb\xbf"
_ESCAPES = re.compile(
    rb"\\u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def repaired(content: bytes) -> bytes:
    """The same JSON as RFC 8259 has it, digit for digit. Half a character of UTF-16 and bytes that are no UTF-8 become U+FFFD.

    A mark of the byte order goes, control characters in texts are escaped. Numbers that none can be (`NaN`, `1e` with twenty
    digits) become texts. Raises `ValueError` or `RecursionError` for what is no JSON even so.
    """
    whole = _ESCAPES.sub(lambda found: rb"\ufffd" if found["half"] else found[0], content.removeprefix(BOM))
    text = whole.decode("utf-8", "replace")
    return _encode(json.loads(text, strict=False, parse_float=_decimal, parse_int=_int, parse_constant=str))


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
