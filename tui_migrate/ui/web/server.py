"""Serves the app to a browser, by textual-serve: each page that is opened has an app of its own.

Whoever has the address may do what this user may, so the address has a random token in its path; without it there is
nothing but 403. It is printed once, for the user, and stands in no log, no argument and no environment.
"""

import asyncio
import copy
import hmac
import os
import re
import secrets
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from tui_migrate.errors import UsageError
from tui_migrate.paths import Home

if TYPE_CHECKING:
    from aiohttp import web

LOOPBACK: Final = "127.0.0.1"
TOKEN_BYTES: Final = 24
SHUTDOWN_SECONDS: Final = 5.0

_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}\Z")
_HEADERS: Final = {
    # The page of textual-serve asks a font of a third party, which the address must not reach.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Handler = Callable[["web.Request"], Awaitable["web.StreamResponse"]]


async def serve(home: Home, host: str, port: int, say: Callable[[str], object]) -> None:
    """Serve until SIGINT or SIGTERM comes; `say` is given the address. Port 0 is any that is free.

    Raises UsageError where textual-serve is not installed, or nothing can listen there.
    """
    _require()
    from aiohttp import web

    token = secrets.token_urlsafe(TOKEN_BYTES)
    # Without a log of accesses: the path of each of them has the token.
    runner = web.AppRunner(make_app(home, token), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            hint = "name another port, or --web 0 for any that is free"
            raise UsageError(
                f"nothing can listen on {host} port {port}: {os.strerror(error.errno or 0)}", hint=hint
            ) from error
        place = f"[{host}]" if ":" in host else host
        say(f"http://{place}:{runner.addresses[0][1]}/{token}/")
        await _until_asked_to_end()
    finally:
        await runner.cleanup()


def make_app(home: Home, token: str) -> "web.Application":
    """Make the web application: all of it lies below the token."""
    from aiohttp import web

    @web.middleware
    async def guard(request: "web.Request", handler: Handler) -> "web.StreamResponse":
        given = request.path.split("/", 2)[1]
        if not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()) or not _HOST.match(request.host):
            return web.Response(status=403, text="403: this address is not whole; copy it from the terminal\n")
        return await handler(request)

    async def add_headers(_: "web.Request", response: "web.StreamResponse") -> None:
        response.headers.update(_HEADERS)

    app = web.Application(middlewares=[guard])
    app.on_response_prepare.append(add_headers)
    app.add_subapp(f"/{token}", _pages(home))
    return app


def _pages(home: Home) -> "web.Application":
    import aiohttp_jinja2
    import jinja2
    from aiohttp import web
    from textual_serve.server import Server

    server: Any = Server(command_line(home), title="tui-migrate")

    async def index(request: "web.Request") -> "web.StreamResponse":
        # The page names its own address, which is another one behind an SSH tunnel or a proxy that encrypts.
        scheme = "https" if request.headers.get("X-Forwarded-Proto") == "https" else "http"
        own = copy.copy(server)
        own.public_url = f"{scheme}://{request.host}"
        page: web.StreamResponse = await own.handle_index(request)
        return page

    pages = web.Application()
    loader = jinja2.FileSystemLoader(server.templates_path)
    aiohttp_jinja2.setup(pages, loader=loader, autoescape=True)
    pages.router.add_get("/", index, name="index")
    pages.router.add_get("/ws", server.handle_websocket, name="websocket")
    pages.router.add_static("/static", server.statics_path, name="static")
    return pages


def command_line(home: Home) -> str:
    """The command that is run for each page, for a shell."""
    words = [sys.executable, "-m", "tui_migrate.ui.web", str(home.config), str(home.state)]
    return "exec " + shlex.join(words)


def _require() -> None:
    try:
        import textual_serve.server
    except ImportError as error:
        hint = "install it: pip install 'tui-migrate[web]'"
        raise UsageError("the app in a browser needs textual-serve, which is not installed", hint=hint) from error
    del textual_serve


async def _until_asked_to_end() -> None:
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked.set)
    try:
        await asked.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
