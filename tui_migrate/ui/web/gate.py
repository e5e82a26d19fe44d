"""Who is let in: whoever has the token, came by a name of this machine, and was not sent by a page of another origin.

A page of the web that has its own name point at 127.0.0.1 (DNS rebinding) would talk to us from the user's own browser.
It has no token; and where only this machine is listened to, its name is not answered: an address in figures, and
`localhost`, are what no name server can point elsewhere.
"""

import hmac
import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler, Middleware

_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}\Z")
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def make_guard(token: str, *, is_local: bool) -> "Middleware":
    """Make what each request passes first."""
    from aiohttp import web

    @web.middleware
    async def guard(request: "web.Request", handler: "Handler") -> "web.StreamResponse":
        given = request.path.removeprefix("/").partition("/")[0]
        if not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
            return _refuse("this address is not whole; copy it from the terminal")
        if not _is_name(request.host) or (is_local and not is_local_name(request.host)):
            return _refuse("this server is asked by a name that is not its own; ask for localhost, or see --web-host")
        if not is_own_origin(request):
            return _refuse("another page asks")
        return await handler(request)

    return guard


def is_local(host: str) -> bool:
    """Say whether only this machine can reach what listens on a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_local_name(host: str) -> bool:
    """Say whether a Host header names an address, or this machine as only it can be named."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost" or name.endswith(".localhost"):
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_own_origin(request: "web.Request") -> bool:
    """Say whether a request comes from a page of ours. Browsers name the origin of whoever opens a websocket."""
    origin = request.headers.get("Origin")
    return origin is None or origin in (f"http://{_name_of(request)}", f"https://{_name_of(request)}")


def address_of(request: "web.Request") -> str:
    """The address by which the browser knows us, without a path: an SSH tunnel or a proxy has its own."""
    scheme = "https" if request.headers.get("X-Forwarded-Proto") == "https" else "http"
    return f"{scheme}://{_name_of(request)}"


def page_headers(request: "web.Request") -> dict[str, str]:
    """What a page may load and reach: what is here only."""
    own = address_of(request).partition("://")[2]
    policy = (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; font-src 'self' data:;"
        f" connect-src 'self' ws://{own} wss://{own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {"Content-Security-Policy": policy}


async def add_headers(_: "web.Request", response: "web.StreamResponse") -> None:
    """Add to each answer what keeps others from it, where it has not its own."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def _name_of(request: "web.Request") -> str:
    """The host and port of the address in the browser. No page can set this header for a websocket of its own."""
    forwarded = request.headers.get("X-Forwarded-Host", "")
    return forwarded if _is_name(forwarded) else request.host


def _is_name(host: str) -> bool:
    return _HOST.match(host) is not None


def _refuse(why: str) -> "web.Response":
    from aiohttp import web

    return web.Response(status=403, text=f"403: {why}\n")
