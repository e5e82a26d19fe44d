"""Serves the app to a browser, by textual-serve: each page that is opened has an app of its own.

Whoever has the address may do what this user may, so the address has a random token in its path; without it there is
nothing but 403. It is printed once, for the user, and stands in no log, no argument and no environment. `gate` says who
else is turned away.
"""

import asyncio
import copy
import logging
import os
import re
import secrets
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tui_migrate import settings
from tui_migrate.errors import UsageError
from tui_migrate.paths import Home
from tui_migrate.ui.web import gate
from tui_migrate.ui.web.page_app import run_app

if TYPE_CHECKING:
    from aiohttp import web

TOKEN_BYTES: Final = 24
MOST_PAGES: Final = 8
"""So many pages may be open at once: each is a process of some 80 MB."""
IDLE_SECONDS: Final = 15.0
"""A connection that asks nothing for so long is closed, and so is a page that answers no ping."""
FAREWELL_SECONDS: Final = 2.0
"""A page that is told to close is given so long."""
SHUTDOWN_SECONDS: Final = 10.0

_HEAD: Final = """<title>tui-migrate</title>
<link rel="icon" href="data:,">
<style>#terminal {{ font-size: {font_size}px; min-width: 49em; min-height: 30em }}</style>
<script>addEventListener("load", () => document.querySelector(".xterm-helper-textarea").focus());</script>
"""
"""What the page of textual-serve lacks. A window too small for 80×24, where keys would act on what is not seen, is
scrolled; without the focus, keys are heard only after a click."""
_FONT: Final = re.compile(r'<link[^>]*"https://fonts\.googleapis\.com[^>]*>')
"""A font of a third party, who would learn when the page is opened."""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def serve(home: Home, host: str, port: int, say: Callable[[str], object]) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP comes; `say` is given the address. Port 0 is any that is free.

    Raises UsageError where textual-serve is not installed, or nothing can listen there, InvalidFile for settings with a
    fault, which no page could show.
    """
    _require()
    await asyncio.to_thread(settings.load, home)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    runner = make_runner(home, token, is_local=gate.is_local(host))
    await runner.setup()
    try:
        await _listen(runner, host, port)
        place = f"[{host}]" if ":" in host else host
        say(f"http://{place}:{runner.addresses[0][1]}/{token}/")
        await _until_asked_to_end()
    finally:
        await runner.cleanup()


def make_runner(home: Home, token: str, *, is_local: bool, idle_seconds: float = IDLE_SECONDS) -> "web.AppRunner":
    """Make what runs the web application. `is_local`: only addresses and names of this machine's own are answered."""
    from aiohttp import web

    log = logging.Logger("tui_migrate.web")
    log.addHandler(_Mishaps(home))
    return web.AppRunner(
        make_app(home, token, is_local=is_local),
        access_log=None,  # the path of each access has the token
        logger=log,
        keepalive_timeout=idle_seconds,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )


def make_app(home: Home, token: str, *, is_local: bool) -> "web.Application":
    """Make the web application: all of it lies below the token."""
    from aiohttp import web

    pages = Pages(home)
    app = web.Application(middlewares=[gate.make_guard(token, is_local=is_local)])
    app.on_response_prepare.append(gate.add_headers)
    app.on_shutdown.append(pages.close)
    app.add_subapp(f"/{token}", pages.routes())
    return app


class Pages:
    """The pages that are open; only so many are."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._open: set[web.WebSocketResponse] = set()

    def routes(self) -> "web.Application":
        """Make the application of what a page asks for."""
        import aiohttp_jinja2
        import jinja2
        from aiohttp import web
        from textual_serve.server import Server

        server: Any = Server("tui-migrate", title="tui-migrate")

        async def index(request: "web.Request") -> "web.StreamResponse":
            if self._is_full:
                return _full()
            # The page names its own address, which is another one behind an SSH tunnel or a proxy that encrypts.
            own = copy.copy(server)
            own.public_url = gate.address_of(request)
            page: web.Response = await own.handle_index(request)
            head = _HEAD.format(font_size=_number(request, "fontsize", 16))
            page.text = _FONT.sub("", page.text or "").replace("</head>", f"{head}</head>")
            page.headers.update(gate.page_headers(request))
            return page

        pages = web.Application()
        loader = jinja2.FileSystemLoader(server.templates_path)
        aiohttp_jinja2.setup(pages, loader=loader, autoescape=True)
        pages.router.add_get("/", index, name="index", allow_head=False)
        pages.router.add_get("/ws", self.open, name="websocket", allow_head=False)
        pages.router.add_static("/static", server.statics_path, name="static")
        return pages

    async def open(self, request: "web.Request") -> "web.StreamResponse":
        """Run an app over the websocket of a page, until one of them ends."""
        from aiohttp import web

        if self._is_full:
            return _full()
        socket = web.WebSocketResponse(heartbeat=IDLE_SECONDS, timeout=FAREWELL_SECONDS)
        self._open.add(socket)
        try:
            await socket.prepare(request)
            await run_app(self._home, socket, _number(request, "width", 80), _number(request, "height", 24))
            await socket.close()
        finally:
            self._open.discard(socket)
        return socket

    async def close(self, _: "web.Application") -> None:
        """Close all of them, which ends their apps."""
        from aiohttp import WSCloseCode

        async with asyncio.TaskGroup() as group:
            for socket in [one for one in self._open if one.prepared]:
                group.create_task(socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server was ended"))

    @property
    def _is_full(self) -> bool:
        return len(self._open) >= MOST_PAGES


class _Mishaps(logging.Handler):
    """What aiohttp has to log. A request that breaks HTTP is answered and that is all: it may hold the token."""

    def __init__(self, home: Home) -> None:
        super().__init__(logging.ERROR)
        self._path = home.state / "error.log"

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the traceback of an error of ours in the file where the app keeps its own, and say so in a line."""
        from aiohttp.http_exceptions import HttpProcessingError

        error = record.exc_info[1] if record.exc_info else None
        if error is None or isinstance(error, HttpProcessingError):
            return
        from tui_migrate.ui.terminal.crash import crash_line, log_crash

        logged = log_crash(self._path, error)
        sys.stderr.write(crash_line(self._path, error, logged=logged) + "\n")


def _full() -> "web.Response":
    from aiohttp import web

    return web.Response(status=503, text=f"503: {MOST_PAGES} pages are open, which is as many as may be; close one\n")


def _number(request: "web.Request", name: str, fallback: int) -> int:
    word = request.query.get(name, "")
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 6 else fallback


async def _listen(runner: "web.AppRunner", host: str, port: int) -> None:
    from aiohttp import web

    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        hint = "name another port, or --web 0 for any that is free"
        raise UsageError(
            f"nothing can listen on {host} port {port}: {os.strerror(error.errno or 0)}", hint=hint
        ) from error


def _require() -> None:
    try:
        import textual_serve.server
    except ImportError as error:
        hint = "install it: pip install 'tui-migrate[web]'"
        raise UsageError("the app in a browser needs textual-serve, which is not installed", hint=hint) from error
    del textual_serve


async def _until_asked_to_end() -> None:
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, asked.set)
    try:
        await asked.wait()
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
