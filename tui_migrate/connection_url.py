"""Reading the URL of a store strictly, and taking the password out of it.

The form is that of MongoDB's connection strings: `scheme://[user[:password]@]host[:port][,…][/database][?options]`. No
message quotes any part of a URL: a password with a raw `/` or `@` in it makes every part a possible piece of it.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from tui_migrate.errors import UsageError
from tui_migrate.redaction import redact

MAX_LENGTH: Final = 4_096

_SHAPE: Final = re.compile(r"([a-z][a-z0-9+]{0,15})://([^/?]*)(?:/([^?]*))?(?:\?(.*))?")
_MEMORY: Final = re.compile(r"^memory:(?!//)")
_SCHEMES: Final = ("mongodb", "mongodb+srv", "memory")
_HOST: Final = re.compile(r"[^\s/?#@:,\[\]%\\]+")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_PASSWORD_MECHANISMS: Final = frozenset(("MONGODB-X509", "GSSAPI", "MONGODB-AWS", "MONGODB-OIDC"))
_NOT_IN_DATABASE: Final = frozenset('/\\. "$*<>:|?\0')
_ENCODE: Final = "percent-encode : / ? # [ ] @ and % in the user name and the password"
_EXAMPLE: Final = "a URL looks like mongodb://user@host:27017/DATABASE"


@dataclass(frozen=True, slots=True)
class ConnectionUrl:
    """A URL in its parts. `user` and `options` are as they stand in it; `password` and `database` are decoded."""

    scheme: str
    user: str
    password: str | None = field(repr=False)
    hosts: str
    database: str
    options: str

    @property
    def text(self) -> str:
        """The URL without its password."""
        user = f"{self.user}@" if self.user else ""
        options = f"?{self.options}" if self.options else ""
        return f"{self.scheme}://{user}{self.hosts}/{self.database}{options}"

    @property
    def needs_password(self) -> bool:
        """True where a user is named who proves himself by a password."""
        mechanism = next((value for key, value in _pairs(self.options) if key.lower() == "authmechanism"), "")
        return bool(self.user) and unquote(mechanism).upper() not in _NO_PASSWORD_MECHANISMS


def parse_url(text: str) -> ConnectionUrl:
    """Take a URL apart. Raises UsageError, quoting nothing of it."""
    if len(text) > MAX_LENGTH:
        raise UsageError(f"the URL is longer than {MAX_LENGTH} characters", hint=_EXAMPLE)
    if not text.isprintable() or " " in text:
        raise UsageError("the URL holds a blank or a control character", hint="percent-encode it")
    match = _SHAPE.fullmatch(_MEMORY.sub("memory://", text))
    if match is None:
        raise UsageError("this is no URL of a database", hint=_EXAMPLE)
    scheme, authority, path, options = (part or "" for part in match.groups())
    if scheme not in _SCHEMES:
        raise UsageError(f"no store serves the scheme {scheme!r}", hint="give a URL that starts with mongodb://")
    userinfo, _, hosts = authority.rpartition("@")
    user, password = _user_and_password(userinfo)
    found = ConnectionUrl(scheme, user, password, hosts, path, options)
    _check_secrets(found)
    _check_hosts(scheme, hosts)
    _check_options(options)
    if path:
        check_database(unquote(path))
    return ConnectionUrl(scheme, user, password, hosts, unquote(path), options)


def check_database(name: str) -> None:
    """Raise UsageError for a name that no MongoDB database can have (its manual, “Naming Restrictions”)."""
    if not 1 <= len(name.encode("utf-8", "surrogatepass")) <= 63 or not _NOT_IN_DATABASE.isdisjoint(name):
        raise UsageError(
            "the name of the database is not a possible one",
            hint='it has 1 to 63 bytes and none of / \\ . " $ * < > : | ? or a blank',
        )
    if not name.isprintable():
        raise UsageError("the name of the database holds a control character", hint="check the URL")


def _user_and_password(userinfo: str) -> tuple[str, str | None]:
    user, colon, password = userinfo.partition(":")
    if "@" in userinfo or ":" in password or _BAD_ESCAPE.search(userinfo):
        raise UsageError("the user name or the password in the URL is not percent-encoded", hint=_ENCODE)
    if colon and not user:
        raise UsageError("the URL has a password and no user name", hint=_EXAMPLE)
    return user, unquote(password) if password else None


def _check_secrets(found: ConnectionUrl) -> None:
    if redact(found.options and f"?{found.options}") != (found.options and f"?{found.options}"):
        raise UsageError(
            "the URL has a secret among its options, which tui-migrate would have to keep",
            hint="leave out the options with passwords, secrets, tokens and authMechanismProperties",
        )
    if redact(found.text) != found.text or "@" in found.database:
        raise UsageError("the user name or the password in the URL is not percent-encoded", hint=_ENCODE)


def _check_hosts(scheme: str, hosts: str) -> None:
    if not hosts:
        raise UsageError("the URL names no host", hint=_EXAMPLE)
    every = hosts.split(",")
    if scheme == "mongodb+srv" and (len(every) > 1 or ":" in hosts):
        raise UsageError("a mongodb+srv URL has one host and no port", hint="the ports are looked up in the DNS")
    for one in every:
        bracketed = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", one)
        host, port = bracketed.groups() if bracketed else _host_and_port(one)
        if bracketed and not _is_ipv6(host):
            raise UsageError("the URL has something in brackets that is no IPv6 address", hint=_EXAMPLE)
        if not bracketed and not _HOST.fullmatch(host):
            raise UsageError("the URL has a host that is none", hint=_EXAMPLE)
        if port is not None and not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) <= 65_535):
            raise UsageError("the URL has a port that is no number from 1 to 65535", hint=_EXAMPLE)


def _host_and_port(text: str) -> tuple[str, str | None]:
    host, colon, port = text.partition(":")
    return host, port if colon else None


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _pairs(options: str) -> list[tuple[str, str]]:
    parts = (one.partition("=") for one in re.split("[&;]", options) if one)
    return [(key, value) for key, _, value in parts]


def _check_options(options: str) -> None:
    if any(not key or not value for key, value in _pairs(options)):
        raise UsageError("the URL has an option without a name or a value", hint="options look like ?name=value&…")
