"""Read and check operators' TOML files, and report every problem.

A problem is one line: the file, the setting, what is wrong and what to do. It never repeats a value, which may be a secret.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from connectors.errors import ConfigurationError
from gateway.settings.validation import validate

T = TypeVar("T", bound=BaseModel)

MAX_DEPTH = 100
"""So many tables and lists may be inside each other."""

_NAMES = re.compile(r"""\((?:['"].*['"]),?\)""")
"""How `tomllib` writes the path of a table: as a tuple."""


def read_toml(path: Path, option: str) -> dict[str, Any]:
    """Read a file. `option` is the one of the command line that names it.

    Raises `ConfigurationError`.
    """
    text = read_text(path, option)
    with refusing_excess(path.name):
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError([f"{path.name}: is not TOML: {explain_toml_error(error)}; correct it there"]) from None
        limit_depth(document)
    return document


@contextmanager
def refusing_excess(name: str) -> Iterator[None]:
    """Raise `ConfigurationError` where what is in a file is too large or nested too deeply to be read. `name` is the file's."""
    try:
        yield
    except RecursionError:
        problem = "is nested too deeply; write what is in it flatter"
    except ValueError:
        problem = "has a number or a time that is too large; write a smaller one"
    else:
        return
    raise ConfigurationError([f"{name}: {problem}"])


def limit_depth(document: Mapping[str, Any]) -> None:
    """Raise `RecursionError` for a document that is nested more deeply than settings ever are."""
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        inner = [item for outer in level for item in (outer.values() if isinstance(outer, dict) else outer)]
        level = [item for item in inner if isinstance(item, dict | list)]
    if level:
        raise RecursionError


def explain_toml_error(error: tomllib.TOMLDecodeError) -> str:
    """Write an error of syntax with the path of its table as settings have it."""
    return _NAMES.sub(lambda match: ".".join(ast.literal_eval(match[0])), str(error))


def read_text(path: Path, option: str) -> str:
    """Read the text of a file. Raises `ConfigurationError`."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problem = f"there is no such file in {path.absolute().parent}; name one with {option}"
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); name a readable file with {option}"
    except UnicodeDecodeError:
        problem = "is not UTF-8; save it so"
    raise ConfigurationError([f"{path.name}: {problem}"])


def checked(model: type[T], document: Mapping[str, Any], name: str) -> T:
    """Check a document; `name` is that of its file.

    Raises `ConfigurationError`.
    """
    validated = validate(model, document)
    if validated.problems:
        raise ConfigurationError([f"{name}: {problem}" for problem in validated.problems])
    settings: T = validated.settings
    return settings
