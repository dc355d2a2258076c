"""The demo's shop behind `profile-gateway serve`, in a process of its own, with or without callers who have keys."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.caller_keys import keys_in
from tests.support.demo_config import read_text
from tests.support.demo_sources import demo_shop
from tests.support.serve_process import ServeProcess, serve_process


@contextmanager
def shop_gateway(
    folder: Path, top: str = "", tables: str = "", callers: Mapping[str, str] | None = None
) -> Iterator[tuple[ServeProcess, dict[str, str]]]:
    """Serve the shop, and give the keys by caller. `top` are lines at the top of the settings, `tables` further tables.

    `callers` are the lines of the callers' tables, by name.
    """
    urls = asyncio.run(demo_shop("sqlite", "", folder))
    keys: dict[str, str] = {}
    if callers:
        keys, access = asyncio.run(keys_in(folder, callers))
        own, secret = access["keys"], json.dumps(access["hash_secret"])
        tables += f"[access]\nhash_secret = {secret}\n[access.keys]\nsecret = {json.dumps(own['secret'])}\n"
        tables += f"file = {json.dumps(own['file'])}\n"
        tables += "".join(f"[callers.{name}]\n{lines}\n" for name, lines in callers.items())
    config = folder / "gateway.toml"
    config.write_text(
        top + "\n" + read_text("shop.toml", urls).replace('environment = "development"\n', "") + "\n" + tables, "utf-8"
    )
    with serve_process(config) as gateway:
        gateway.wait_ready(1)
        yield gateway, keys
