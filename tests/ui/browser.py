"""Somebody at a browser: Chromium without a window, driven by chromedriver in the words of the W3C's WebDriver."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.processes import kill, with_words
from tests.programs import require

SECONDS: Final = 60.0
KEYS: Final = {"escape": "\ue00c", "enter": "\ue007", "down": "\ue015", "ctrl": "\ue009", "f2": "\ue032"}
ARGUMENTS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # it is small in containers
    "--disable-breakpad",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--window-size=1000,700",
)
FIND_TERMINAL: Final = """
Object.defineProperty(Object.prototype, "canvasAddon", {configurable: true, set(value) {
    Object.defineProperty(this, "canvasAddon", {value, writable: true});
    window.page = this;
}});
"""
"""The script of textual-serve keeps its terminal to itself; this is how the object that has it is seen being made."""
READ_TERMINAL: Final = """
const terminal = window.page && window.page.terminal;
if (!terminal) return [];
const row = (_, place) => terminal.buffer.active.getLine(place).translateToString(false, 0, terminal.cols);
return Array.from({length: terminal.rows}, row);
"""
COUNT_COLOURS: Final = """
const [picture, done] = arguments;
const image = new Image();
image.onload = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const data = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
    done(new Set(data).size);
};
image.src = "data:image/png;base64," + picture;
"""
OPEN_SOCKET: Final = """
const [address, done] = arguments;
const socket = new WebSocket(address);
socket.onopen = () => done("open");
socket.onerror = () => done("refused");
"""


@dataclass(frozen=True)
class Sent:
    """A request that went out, or a websocket."""

    url: str
    headers: dict[str, str]


class Browser:
    """One window, and the tab that was chosen last. Every wait polls until a condition holds or a deadline passes."""

    def __init__(self, http: aiohttp.ClientSession, session: str, driver: int, folder: Path) -> None:
        self._http = http
        self._session = session
        self._folder = folder
        self._prepared: set[str] = set()
        self.driver = driver

    async def call(self, path: str, method: str = "POST", **body: object) -> Any:
        """Give chromedriver a command."""
        words = body if method == "POST" else None
        async with self._http.request(method, f"/session/{self._session}/{path}", json=words) as answer:
            value = (await answer.json())["value"]
            assert answer.status == 200, value
            return value

    async def devtools(self, command: str, **parameters: object) -> None:
        """Give Chromium a command of its DevTools protocol."""
        await self.call("goog/cdp/execute", cmd=command, params=parameters)

    async def open(self, address: str) -> None:
        """Go to an address."""
        tab = await self.tab()
        if tab not in self._prepared:
            await self.devtools("Page.addScriptToEvaluateOnNewDocument", source=FIND_TERMINAL)
            self._prepared.add(tab)
        await self.call("url", url=address)

    async def open_tab(self, address: str) -> str:
        """Open another tab, which is the one then."""
        tab: str = (await self.call("window/new", type="tab"))["handle"]
        await self.show_tab(tab)
        await self.open(address)
        return tab

    async def tab(self) -> str:
        """The handle of the tab that is shown."""
        return str(await self.call("window", "GET"))

    async def show_tab(self, tab: str) -> None:
        """Go to another tab."""
        await self.call("window", handle=tab)

    async def close_tab(self) -> None:
        """Close the tab that is shown; another has to be chosen."""
        await self.call("window", "DELETE")

    async def press(self, *keys: str) -> None:
        """Press keys, by name or as they are; `ctrl+y` is both."""
        for key in keys:
            parts = [KEYS.get(part, part) for part in (key.split("+") if len(key) > 1 else [key])]
            steps = [{"type": "keyDown", "value": part} for part in parts]
            steps += [{"type": "keyUp", "value": part} for part in reversed(parts)]
            await self.call("actions", actions=[{"type": "key", "id": "keys", "actions": steps}])

    async def resize(self, width: int, height: int) -> None:
        """Change the window's size, in pixels."""
        await self.call("window/rect", width=width, height=height)

    async def run(self, script: str, *words: object) -> Any:
        """Run a script in the page."""
        return await self.call("execute/sync", script=script, args=words)

    async def ask(self, script: str, *words: object) -> Any:
        """Run a script in the page that answers by its last argument."""
        return await self.call("execute/async", script=script, args=words)

    async def rows(self) -> list[str]:
        """What the terminal in the page shows, each row as wide as it is."""
        rows: list[str] = await self.run(READ_TERMINAL)
        return rows

    async def text(self) -> str:
        """What the page itself shows, beside the terminal."""
        return str(await self.run("return document.body.innerText"))

    async def colours(self) -> int:
        """How many colours a picture of the page has."""
        return int(await self.ask(COUNT_COLOURS, await self.call("screenshot", "GET")))

    async def until_shown(self, text: str) -> None:
        """Wait until a text stands on the terminal."""
        deadline = time.monotonic() + SECONDS
        while text not in (shown := "\n".join(await self.rows())):
            assert time.monotonic() < deadline, f"waited for {text!r}:\n{shown}"
            await asyncio.sleep(0.05)

    async def until_said(self, text: str) -> None:
        """Wait until the page itself says a text."""
        deadline = time.monotonic() + SECONDS
        while text not in (said := await self.text()):
            assert time.monotonic() < deadline, f"waited for {text!r}: {said}"
            await asyncio.sleep(0.05)

    async def sent(self) -> list[Sent]:
        """What went out to any server since this was asked last, without what the page's own policy held back."""
        asked: dict[str, str] = {}
        headers: dict[str, dict[str, str]] = {}
        for entry in await self.call("se/log", type="performance"):
            event = json.loads(entry["message"])["message"]
            words = event["params"]
            match event["method"]:
                case "Network.requestWillBeSent":
                    asked[words["requestId"]] = words["request"]["url"]
                case "Network.webSocketCreated":
                    asked[words["requestId"]] = words["url"]
                case "Network.requestWillBeSentExtraInfo":
                    headers[words["requestId"]] = words["headers"]
                case "Network.webSocketWillSendHandshakeRequest":
                    headers[words["requestId"]] = words["request"]["headers"]
                case "Network.loadingFailed" if words.get("blockedReason") == "csp":
                    asked.pop(words["requestId"], None)
        return [Sent(url, headers.get(one, {})) for one, url in asked.items() if not url.startswith("data:")]

    def processes(self) -> list[int]:
        """All processes of this Chromium."""
        return with_words(str(self._folder))


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    """Start Chromium with a profile of its own below a folder, and end it with all its processes.

    The folder's path is short: Chromium has a socket below it, and no socket's path has more than 107 bytes.
    """
    chromium, driver = require("chromium", "chromium"), require("chromedriver", "chromium-driver")
    profile = folder / "chromium"
    environ = {**os.environ, "HOME": str(profile), "TMPDIR": str(folder)}
    process = await asyncio.create_subprocess_exec(
        driver, "--port=0", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=environ
    )
    try:
        port = await _port(process.stdout)
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=timeout) as http:
            session = await _session(http, chromium, profile)
            try:
                yield Browser(http, session, port, profile)
            finally:
                async with http.delete(f"/session/{session}"):
                    pass
    finally:
        try:
            with suppress(ProcessLookupError):
                process.terminate()
            async with asyncio.timeout(SECONDS):
                await process.wait()
            await until(lambda: not with_words(str(profile)))
        finally:
            if process.returncode is None:
                process.kill()
            kill(with_words(str(profile)))


async def _session(http: aiohttp.ClientSession, chromium: str, profile: Path) -> str:
    arguments = [*ARGUMENTS, f"--user-data-dir={profile}"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # as root it starts only so
    options = {"binary": chromium, "args": arguments}
    wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"performance": "ALL"}}
    async with http.post("/session", json={"capabilities": {"alwaysMatch": wanted}}) as answer:
        value = (await answer.json())["value"]
        assert answer.status == 200, value
        return str(value["sessionId"])


async def _port(stdout: asyncio.StreamReader | None) -> int:
    assert stdout is not None
    async with asyncio.timeout(SECONDS):
        while line := (await stdout.readline()).decode():
            if "started successfully on port" in line:
                return int(line.split()[-1].rstrip("."))
    raise AssertionError("chromedriver did not start")


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
