"""Keys of callers in a file, and the settings that read it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gateway.access.api_keys import new_key
from gateway.access.key_file import KeyFile
from tests.support.clocks import START

SECRET = "a secret of keys and hashes that is long enough"


async def keys_in(folder: Path, callers: Iterable[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Make a key for each caller, in a file of the folder. Gives the keys by caller, and the table `access`."""
    file, keys = folder / "keys.json", {}
    for name in callers:
        keys[name], own = new_key(name, SECRET, START)
        await KeyFile(file).add(own)
    return keys, {"hash_secret": SECRET, "keys": {"secret": SECRET, "file": str(file)}}
