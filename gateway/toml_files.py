"""Read and check operators' TOML files, and report every problem.

A problem is one line: the file, the setting, what is wrong and what to do. It never repeats a value, which may be a secret.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from connectors.errors import ConfigurationError

T = TypeVar("T", bound=BaseModel)

_WORDS = {
    "extra_forbidden": "is no setting; remove it, or correct its name",
    "missing": "is missing; add it",
}
"""What pydantic's commonest problems are called here."""
_WHAT_SHOULD = re.compile(r"^\w+ should ")
"""How its other problems begin, as in `Input should be a valid integer`."""


def read_toml(path: Path, option: str) -> dict[str, Any]:
    """Read a file. `option` is the one of the command line that names it.

    Raises `ConfigurationError`.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem = f"there is no such file in {path.absolute().parent}; name one with {option}"
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); name a readable file with {option}"
    except UnicodeDecodeError:
        problem = "is not UTF-8; save it so"
    except tomllib.TOMLDecodeError as error:
        problem = f"is not TOML: {error}; correct it there"
    raise ConfigurationError([f"{path.name}: {problem}"])


def checked(model: type[T], document: Mapping[str, Any], name: str) -> T:
    """Check a document; `name` is that of its file.

    Raises `ConfigurationError`.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError(problems_of(error, name)) from None


def problems_of(error: ValidationError, prefix: str) -> list[str]:
    """Write one line for each problem: its place and its kind."""
    return [f"{prefix}: {'.'.join(map(str, item['loc'])) or 'document'}: {_words(item)}" for item in error.errors()]


def _words(item: Any) -> str:
    message: str = _WORDS.get(item["type"], item["msg"])
    message, _, _ = message.removeprefix("Value error, ").partition(", unable to ")
    return _WHAT_SHOULD.sub("must ", message)
