"""Named connections, and how an end of a migration is found: by a connection's name or by a URL.

The file `connections.yaml`:

    connections:
      shop-staging:
        url: mongodb://anna@db1.example:27017/shop
        environment: staging
        password_env: SHOP_PASSWORD        # or password_file: a file of mode 0600, or keyring: true

A password stands in the file itself only where nobody else may read the file. It never stays in a URL: what other
modules get of a URL has no password in it.
"""

import os
import re
import shlex
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import yaml

from tui_migrate import strict_yaml, system_keyring
from tui_migrate.connection_url import ConnectionUrl, check_database, parse_url
from tui_migrate.errors import CredentialsMissing, UsageError
from tui_migrate.paths import Home, replace_private_file
from tui_migrate.plan.model import Environment, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.stores.registry import Locator
from tui_migrate.strict_yaml import Value

MAX_PASSWORD_FILE: Final = 4_096
USUAL_PORT: Final = 27_017
"""The port of a host that names none (MongoDB's manual, “Connection Strings”)."""

_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYS: Final = ("url", "environment", "password_env", "password_file", "keyring")


@dataclass(frozen=True, slots=True)
class Connection:
    """One entry of the file. `url` has no password; `password` is what stood in it, where the file allows that."""

    name: str
    url: str
    environment: Environment = Environment.PRODUCTION
    password_env: str = ""
    password_file: str = ""
    password: str | None = field(default=None, repr=False)
    keyring: bool = False

    @property
    def account(self) -> str:
        """What its password is kept under in the system keyring: NAME/USER."""
        return f"{self.name}/{unquote(parse_url(self.url).user)}"

    @property
    def asks(self) -> bool:
        """True where its password is kept nowhere: whoever has a terminal is asked each time."""
        return not (self.password_env or self.password_file or self.keyring or self.password is not None)


def load(home: Home) -> dict[str, Connection]:
    """Read the connections by name; none where there is no file. Raises InvalidFile, UsageError."""
    try:
        private = stat.S_IMODE(home.connections.stat().st_mode) & 0o077 == 0
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(
            f"cannot read {home.connections}: {error.strerror}", hint="check the path and its permissions"
        ) from error
    top = strict_yaml.load(home.connections).mapping(known=("connections",), required=("connections",))
    return {
        name: _connection_from(name, value, private=private) for name, value in top["connections"].mapping().items()
    }


def write(home: Home, connections: Sequence[Connection]) -> None:
    """Replace the file by these connections, readable by the user alone. Raises StorageFailed."""
    content = {"connections": {one.name: _as_mapping(one) for one in connections}}
    replace_private_file(home.connections, yaml.safe_dump(content, sort_keys=False, allow_unicode=False))


def parse_end(text: str, home: Home, *, database: str = "") -> tuple[StoreEnd, str | None]:
    """Find what a user means by a URL, a NAME or NAME/DATABASE, and give a password that stood in the URL apart.

    `database` takes the place of the one in the text. Raises UsageError.
    """
    if database:
        check_database(database)
    if ":" in text or "@" in text:
        url = parse_url(text)
        if not (database or url.database):
            raise UsageError("the URL names no database", hint="put it behind the host: mongodb://…/DATABASE")
        return StoreEnd(database=database or url.database, url=url.text), url.password
    name, slash, rest = text.partition("/")
    connection = _find(name, home)
    if slash:
        check_database(rest)
    chosen = database or rest or parse_url(connection.url).database
    if not chosen:
        raise UsageError(f"the connection {name} names no database", hint=f"give it as {name}/DATABASE")
    return StoreEnd(database=chosen, connection=name, environment=connection.environment), None


def locate(end: StoreEnd, home: Home, passwords: Mapping[str, str]) -> Locator:
    """Find the URL and the password of an end. `passwords` are by the end's label and come first.

    Raises CredentialsMissing where the URL names a user and no password is to be had, UsageError where the connection
    is gone.
    """
    connection = _find(end.connection, home) if end.connection else None
    url = parse_url(connection.url if connection else end.url)
    if not url.needs_password:
        return Locator(url.text, end.database, name=end.connection)
    password = passwords.get(end.label)
    if password is None and connection is not None:
        password = stored_password(connection, home)
    if password is None:
        raise CredentialsMissing(
            f"there is no password for the user {printable(url.user)} of {end.label}",
            hint=f"name password_env, password_file or keyring for it in {home.connections}, or run this on a terminal "
            "to be asked",
        )
    return Locator(url.text, end.database, password, end.connection)


def named_for(end: StoreEnd, known: Mapping[str, Connection]) -> tuple[StoreEnd, ...]:
    """Give an end by URL as that of each connection of the same address.

    The hosts are the same, in any order, and the user is, where the URL names one.
    """
    if end.connection or not end.url:
        return ()
    own = parse_url(end.url)
    return tuple(
        StoreEnd(end.database, connection=one.name, environment=one.environment)
        for one, url in ((one, parse_url(one.url)) for one in known.values())
        if _address(url) == _address(own) and own.user in ("", url.user)
    )


def _address(url: ConnectionUrl) -> tuple[str, frozenset[str]]:
    hosts = url.hosts.casefold().split(",")
    return url.scheme, frozenset(one if ":" in one.rpartition("]")[2] else f"{one}:{USUAL_PORT}" for one in hosts)


def is_name(text: str) -> bool:
    """Say whether a connection can be called so."""
    return _NAME.fullmatch(text) is not None


def is_variable(text: str) -> bool:
    """Say whether an environment variable can be called so."""
    return _VARIABLE.fullmatch(text) is not None


def password_path(home: Home, text: str) -> Path:
    """Where a password file lies that is named in the file of connections: relative to the folder of that."""
    return home.config / os.path.expanduser(text)  # noqa: PTH111 -- Path's own raises for an unknown user


def _find(name: str, home: Home) -> Connection:
    known = load(home)
    if name in known:
        return known[name]
    if not _NAME.fullmatch(name):
        raise UsageError(
            "this is neither a URL nor the name of a connection", hint="a URL looks like mongodb://user@host/DATABASE"
        )
    there = f"there are {', '.join(sorted(known))}" if known else f"{home.connections} has none"
    raise UsageError(f"there is no connection {name}", hint=f"{there}; or give a URL")


def _connection_from(name: str, value: Value, *, private: bool) -> Connection:
    if not _NAME.fullmatch(name):
        value.fail("the name of a connection has 1 to 64 of a-z, 0-9, _ and -")
    entries = value.mapping(known=_KEYS, required=("url",))
    url = _url_from(entries["url"])
    if url.password is not None and not private:
        entries["url"].fail(
            "a password stands in the URL and others may read this file",
            hint=f"chmod 600 {value.path}, or name password_env instead",
        )
    texts = {key: entries[key].text() if key in entries else "" for key in ("password_env", "password_file")}
    keyring = "keyring" in entries and entries["keyring"].boolean()
    if sum((bool(texts["password_env"]), bool(texts["password_file"]), keyring, url.password is not None)) > 1:
        value.fail("the password has more than one place", hint="keep one of URL, password_env, password_file, keyring")
    if (keyring or any(texts.values())) and not url.user:
        entries["url"].fail("a password is named and the URL has no user")
    if texts["password_env"] and not _VARIABLE.fullmatch(texts["password_env"]):
        entries["password_env"].fail("this cannot be the name of an environment variable")
    environment = Environment.PRODUCTION
    if "environment" in entries:
        environment = Environment(entries["environment"].choice(Environment))
    return Connection(name, url.text, environment, texts["password_env"], texts["password_file"], url.password, keyring)


def _url_from(value: Value) -> ConnectionUrl:
    try:
        return parse_url(value.text())
    except UsageError as error:
        value.fail(error.message, hint=error.hint)


def _as_mapping(connection: Connection) -> dict[str, str | bool]:
    url = connection.url
    if connection.password is not None:
        start, _, rest = url.partition("@")
        url = f"{start}:{quote(connection.password, safe='')}@{rest}"
    entries: dict[str, str | bool] = {"url": url, "environment": connection.environment.value}
    for key in ("password_env", "password_file"):
        if word := getattr(connection, key):
            entries[key] = word
    if connection.keyring:
        entries["keyring"] = True
    return entries


def stored_password(connection: Connection, home: Home) -> str | None:
    """Give the password from where the connection says it is; None where it is asked for. Blocks.

    Raises CredentialsMissing.
    """
    if connection.password_env:
        password = os.environ.get(connection.password_env)
        if not password:
            raise CredentialsMissing(
                f"the environment variable {connection.password_env} of the connection {connection.name} is not set",
                hint=f"export {connection.password_env}=…, or run this on a terminal to be asked",
            )
        return password
    if connection.password_file:
        return _read_password(password_path(home, connection.password_file), connection.name)
    if connection.keyring:
        return _kept_password(connection)
    return connection.password


def _kept_password(connection: Connection) -> str:
    password = system_keyring.find(connection.account)
    if password is None:
        raise CredentialsMissing(
            f"the system keyring has no password of {printable(connection.account)}",
            hint=f"save the connection with it in the app, or: keyring set {system_keyring.SERVICE} "
            f"{shlex.quote(printable(connection.account))}",
        )
    return password


def _read_password(path: Path, name: str) -> str:
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(MAX_PASSWORD_FILE + 1) if stat.S_ISREG(status.st_mode) else b""
        word = content.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise CredentialsMissing(
            f"the password file {path} of the connection {name} cannot be read: {error.strerror}",
            hint="check the path and its permissions",
        ) from error
    except UnicodeDecodeError as error:
        raise CredentialsMissing(f"the password file {path} is not UTF-8", hint="write it anew") from error
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise CredentialsMissing(f"others may read the password file {path}", hint=f"chmod 600 {path}")
    if not word or len(content) > MAX_PASSWORD_FILE:
        raise CredentialsMissing(
            f"the password file {path} is empty, no plain file, or larger than {MAX_PASSWORD_FILE} bytes",
            hint="write it anew",
        )
    return word
