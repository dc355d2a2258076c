"""Messages of graphql-core as callers may read them: short, and in words of GraphQL instead of Python."""

import re

MAX_MESSAGE = 1_000
"""A message quotes what the caller wrote, which may be long; it is cut to so many characters."""

_PYTHON = {"None": "null", "True": "true", "False": "false"}
_PYTHON_WORD = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\b(?:None|True|False)\b")
_LARGE_INT = re.compile(r"Expected value of type 'Int!?', but encountered error '.*?'; found: (.*)\.", re.DOTALL)
_ENCOUNTERED = re.compile(r", but encountered error '.*?'; found: ", re.DOTALL)


def shortened(message: str) -> str:
    """Cut a message."""
    return message if len(message) <= MAX_MESSAGE else f"{message[: MAX_MESSAGE - 3]}..."


def readable(message: str) -> str:
    """Shorten a message of graphql-core and remove Python's part."""
    message = shortened(message)
    if "but encountered error" in message:
        # Python refuses to read a number of thousands of digits, which GraphQL calls out of range.
        message = _LARGE_INT.sub(r"Int cannot represent non 32-bit signed integer value: \1", message)
        message = _ENCOUNTERED.sub(", found: ", message)
    if any(word in message for word in _PYTHON):
        message = _PYTHON_WORD.sub(lambda match: _PYTHON.get(match[0], match[0]), message)
    return message
