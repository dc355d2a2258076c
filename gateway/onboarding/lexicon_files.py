"""Read the words of the recognition: files beside the code, so that whoever knows a language can add to them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def read_lexicon(name: str) -> dict[str, Any]:
    """Read a file of words."""
    return tomllib.loads((files("gateway.onboarding") / "lexicon" / f"{name}.toml").read_text("utf-8"))
