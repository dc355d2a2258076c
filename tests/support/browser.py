"""A small driver for headless Chromium, over its DevTools protocol, with every host but this machine out of reach."""

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
    "--remote-debugging-port=0",
)


_MIDDLE = """async selector => {
    const middle = () => {
        const box = document.querySelector(selector)?.getBoundingClientRect();
        return box ? [box.x + box.width / 2, box.y + box.height / 2] : [-1, -1];
    };
    const [x, y] = middle();
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const still = `${middle()}` === `${[x, y]}`;
    return still && document.elementFromPoint(x, y)?.closest(selector) && [x, y];
}"""

_KEY_CODES = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


class Page:
    """One tab. `problems` gathers what the console reports as errors, refused by policy or thrown."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session: aiohttp.ClientSession) -> None:
        self._socket = socket
        self._session = session
        self._numbers = itertools.count(1)
        self.problems: list[str] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol. Raises RuntimeError when the browser refuses it."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = json.loads(await self._socket.receive_str(timeout=60))
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return message["result"]
            self._note(message)

    @contextlib.asynccontextmanager
    async def other_tab(self) -> AsyncIterator["Page"]:
        """Open another tab of the same browser, with the same cookies."""
        async with self._session.put("/json/new") as answer:
            target = await answer.json()
        async with self._session.ws_connect(f"/devtools/page/{target['id']}", max_msg_size=0) as socket:
            yield Page(socket, self._session)

    async def tabs(self) -> list[str]:
        """List the addresses of all tabs."""
        async with self._session.get("/json/list") as answer:
            return [target["url"] for target in await answer.json() if target["type"] == "page"]

    async def open(self, url: str, width: int = 1440, height: int = 900) -> None:
        await self.call("Runtime.enable")
        await self.call("Log.enable")
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        await self.call("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        """The value of an expression; a promise is awaited."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    async def until(self, script: str, timeout_s: float = 60) -> Any:
        """The first true value of an expression. Raises TimeoutError with what the page shows."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not (value := await self.evaluate(script)):
            if asyncio.get_running_loop().time() > deadline:
                shown = await self.evaluate("document.body.innerText")
                raise TimeoutError(f"not true in {timeout_s} s: {script}\n{self.problems}\n{shown}")
            await asyncio.sleep(0.05)
        return value

    async def click(self, selector: str, button: str = "left") -> None:
        """Press a button of the mouse in the middle of an element, once it stands still and nothing covers it."""
        x, y = await self.until(f"({_MIDDLE})({json.dumps(selector)})")
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, clickCount=1)

    async def type_text(self, text: str) -> None:
        """Put a text where the focus is."""
        await self.call("Input.insertText", text=text)

    async def press(self, *keys: str) -> None:
        """Press keys by their names, such as `Tab`, `Shift+Tab`, `ArrowDown` or `/`."""
        for key in keys:
            name = key.removeprefix("Shift+")
            words = {
                "key": name,
                "code": name,
                "windowsVirtualKeyCode": _KEY_CODES.get(name, 0),
                "modifiers": 8 * (name != key),
            }
            text = {"Enter": "\r"}.get(name, name if len(name) == 1 else "")
            await self.call("Input.dispatchKeyEvent", type="keyDown", **words, **({"text": text} if text else {}))
            await self.call("Input.dispatchKeyEvent", type="keyUp", **words)

    async def screenshot(self, path: Path) -> None:
        answer = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))

    def _note(self, message: dict[str, Any]) -> None:
        match message:
            case {"method": "Log.entryAdded", "params": {"entry": {"level": "error", "text": text}}}:
                self.problems.append(text)
            case {"method": "Runtime.exceptionThrown", "params": {"exceptionDetails": details}}:
                self.problems.append(details.get("exception", {}).get("description", details["text"]))
            case {"method": "Runtime.consoleAPICalled", "params": {"type": "error", "args": args}}:
                self.problems.append(" ".join(str(arg.get("value", arg.get("description"))) for arg in args))


@contextlib.asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    """A page of a fresh browser, which ends with the block."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM,
            *_FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            port = await _port(Path(profile) / "DevToolsActivePort", process)
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                async with session.get("/json/list") as answer:
                    target = next(item for item in await answer.json() if item["type"] == "page")
                async with session.ws_connect(f"/devtools/page/{target['id']}", max_msg_size=0) as socket:
                    yield Page(socket, session)
        finally:
            process.kill()
            await process.wait()


async def _port(file: Path, process: asyncio.subprocess.Process) -> int:
    for _ in range(600):
        if process.returncode is not None:
            raise RuntimeError(f"the browser ended with {process.returncode}")
        with contextlib.suppress(FileNotFoundError, IndexError):
            return int((await asyncio.to_thread(file.read_text)).splitlines()[0])
        await asyncio.sleep(0.05)
    raise TimeoutError("the browser did not open its debugging port")
