"""The demo's shop behind `profile-gateway serve`, in a process of its own, with or without callers who have keys."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.caller_keys import keys_in
from tests.support.demo_config import read_text
from tests.support.demo_sources import demo_shop
from tests.support.serve_process import ServeProcess, serve_process


@contextmanager
def shop_gateway(
    folder: Path, top: str = "", tables: str = "", callers: tuple[str, ...] = ()
) -> Iterator[tuple[ServeProcess, dict[str, str]]]:
    """Serve the shop, and give the keys by caller. `top` are lines at the top of the settings, `tables` further tables."""
    urls = asyncio.run(demo_shop("sqlite", "", folder))
    keys: dict[str, str] = {}
    if callers:
        keys, access = asyncio.run(keys_in(folder, callers))
        own = access["keys"]
        tables += f"[access.keys]\nsecret = {json.dumps(own['secret'])}\nfile = {json.dumps(own['file'])}\n"
        tables += "".join(f"[callers.{name}]\n" for name in callers)
    config = folder / "gateway.toml"
    config.write_text(
        top + "\n" + read_text("shop.toml", urls).replace('environment = "development"\n', "") + "\n" + tables, "utf-8"
    )
    with serve_process(config) as gateway:
        gateway.wait_ready(1)
        yield gateway, keys
