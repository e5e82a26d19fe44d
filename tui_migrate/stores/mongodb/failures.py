"""The errors of pymongo and of servers, put into the tree of `tui_migrate.errors`.

Codes are those of MongoDB's `error_codes.yml`.
"""

import errno
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bson.errors import BSONError
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidName,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
    WTimeoutError,
)

from tui_migrate.errors import (
    AuthenticationFailed,
    CredentialsMissing,
    MalformedDocument,
    NotAuthorised,
    Refused,
    TuiMigrateError,
    Unreachable,
    UsageError,
    WriteRefused,
)
from tui_migrate.redaction import printable, redact

UNAUTHORISED: Final = 13
NAMESPACE_NOT_FOUND: Final = 26
INDEX_NOT_FOUND: Final = 27
CURSOR_NOT_FOUND: Final = 43
NAMESPACE_EXISTS: Final = 48
COMMAND_NOT_FOUND: Final = 59
WRITE_CONFLICT: Final = 112
FAILED_VALIDATION: Final = 121
TOO_LARGE: Final = 10334
DUPLICATE_KEY: Final = 11000
UNKNOWN_FIELD: Final = 40415

NOT_TO_BE_HAD: Final = frozenset((UNAUTHORISED, COMMAND_NOT_FOUND, 115, 8000))
"""What a server says that does not do a thing for us: no privilege, no such command, not supported, not on this tier.
"""

_COMMAND: Final = re.compile(r" to execute command\b.*", re.DOTALL)
"""How a server's “not authorized” goes on: with the command, and the documents in it."""

_CONNECT_CALL: Final = re.compile(r"\[Errno (\d{1,4})\] Connect call failed \([^()]*\)")
"""How asyncio words what the system answers to connect(2)."""

_ERRNO: Final = re.compile(r"\[Errno (-?\d{1,4})\]")
"""How the driver quotes what the system said, in front of its words: it keeps no cause."""

_TURNED_AWAY: Final = frozenset((errno.ECONNREFUSED, socket.EAI_NONAME))
"""What the system says at once of a server that does not run, or whose name nobody knows."""

_AUTHENTICATION: Final = frozenset((11, 18, 8000))
_PASSING: Final = frozenset(
    {6, 7, 24, 43, 46, 50, 64, 89, 91, 112, 133, 134, 175, 189, 202, 237, 239, 244, 246, 251, 262, 290, 365, 384, 462}
    | {9001, 10058, 10107, 11600, 11601, 11602, 13388, 13435, 13436, 16500}
)
"""What a moment later may go well: network, shutdown, election, time limit, lock, conflict, a killed or lost cursor,
throttling (462; 16500 is Cosmos DB's)."""

_PASSING_LABELS: Final = ("TransientTransactionError", "RetryableWriteError", "SystemOverloadedError", "RetryableError")
"""By which a server says so itself, whatever the code."""

_ABOUT_DOCUMENTS: Final = frozenset((2, 9, 15, 22, 10334))
"""What a server answers to a whole command for the sake of one document: bad value, no BSON, too deep, too large."""

_LONGEST: Final = 300


class DocumentsRefused(WriteRefused):
    """The server refuses a whole command because of what is in its documents."""

    def __init__(self, message: str, server_code: int) -> None:
        super().__init__(message)
        self.server_code = server_code


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Make text from outside fit to be shown: no secret, no control character, no more than so many characters."""
    shown = printable(redact(" ".join(text.split())))
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def without_values(text: str) -> str:
    """Take out of what a server says of a document whatever it quotes of that, which begins with a brace.

    `E11000 … index: email_1 dup key: { email: "anna@example.org" }` keeps the name of the index, which tells the field.
    """
    said, brace, _ = text.partition("{")
    return f"{said}{{…}}" if brace else text


@contextmanager
def translated(address: str, doing: str) -> Iterator[None]:
    """Raise what pymongo raises within as an error of ours that names the server and what was being done."""
    try:
        yield
    except (PyMongoError, BSONError) as error:
        raise failure(error, address, doing) from error


def is_passing(code: int | None) -> bool:
    """Say whether what a server answered with this code may go well a moment later."""
    return code in _PASSING


def is_turned_away(error: Exception) -> bool:
    """Say whether a connection failed because nobody listens there, or the name stands for no address."""
    said = _ERRNO.findall(str(error))
    return bool(said) and _TURNED_AWAY.issuperset(map(int, said))


def failure(error: Exception, address: str, doing: str) -> TuiMigrateError:
    """Give the error of ours for one of pymongo's."""
    where, doing = one_line(address), one_line(doing)
    if isinstance(error, (WriteConcernError, WTimeoutError)):
        return Unreachable(
            f"{where} did not confirm {doing} on a majority: {one_line(str(error))}",
            hint="check the health of the replica set, then try again",
        )
    if isinstance(error, ConnectionFailure):
        return _unreachable(error, where, doing)
    if isinstance(error, OperationFailure) and _can_pass(error):
        return Unreachable(
            f"{where} could not finish {doing}: {_server_text(error)}", hint="try again; look at the server's load"
        )
    if isinstance(error, OperationFailure):
        return _refused(error, where, doing)
    if isinstance(error, (InvalidURI, InvalidName, ConfigurationError)):
        return _unusable(error, where)
    if isinstance(error, BSONError):
        return MalformedDocument(f"{doing} at {where} met bytes that are not BSON: {one_line(str(error))}")
    return TuiMigrateError(f"{doing} at {where} failed: {one_line(str(error))}", hint="look at the log")


def _can_pass(error: OperationFailure) -> bool:
    is_labelled = any(map(error.has_error_label, _PASSING_LABELS))
    return is_labelled or is_passing(error.code) or isinstance(error, ExecutionTimeout)


def _unreachable(error: ConnectionFailure, where: str, doing: str) -> Unreachable:
    text = str(error).partition(", Timeout:")[0].partition(" (configured timeouts")[0].partition(", full error:")[0]
    hint = "check that the server runs, its address and the network, then try again"
    if "SSL" in text or "certificate" in text.lower():
        hint = "check the TLS options of the URL: tls, tlsCAFile, tlsCertificateKeyFile"
    return Unreachable(f"{where} does not answer ({doing}): {_cause(one_line(text), where)}", hint=hint)


def _cause(text: str, where: str) -> str:
    """Say why a server cannot be reached without naming it once more, and in the system's own words."""
    said = _CONNECT_CALL.sub(lambda found: os.strerror(int(found[1])).lower(), text)
    hosts = where.rpartition(" (")[2].removesuffix(")")
    return said.removeprefix(f"{hosts}: ")


def _refused(error: OperationFailure, where: str, doing: str) -> TuiMigrateError:
    text = _server_text(error)
    if error.code in _AUTHENTICATION or "authentication failed" in text.lower():
        return AuthenticationFailed(
            f"{where} does not accept the user name and password: {text}",
            hint="check user, password and authSource of the connection",
        )
    if error.code == UNAUTHORISED:
        text = _COMMAND.sub(" to execute this command", text)
        return NotAuthorised(
            f"{where} does not allow {doing}: {text}", hint="give the user a role that allows it, or use another user"
        )
    message = f"{where} refuses {doing}: {text} (code {error.code})"
    if error.code in _ABOUT_DOCUMENTS:
        return DocumentsRefused(message, error.code)
    return Refused(message, hint="look the code up in the server's documentation; the server's log may say more")


def _unusable(error: PyMongoError, where: str) -> TuiMigrateError:
    if "password is required" in str(error):
        return CredentialsMissing(
            f"{where} needs a password for the user of its URL",
            hint="give the connection a password, or leave the user out",
        )
    cause = error.__cause__ or error.__context__
    if cause is not None and type(cause).__module__.startswith("dns."):
        return Unreachable(
            f"the name of {where} cannot be resolved: {one_line(str(error))}",
            hint="check the host name of the mongodb+srv:// URL and the name server",
        )
    return UsageError(
        f"{where} cannot be used as it is given: {one_line(str(error))}",
        hint="check the URL; reserved characters in a user name are percent-encoded",
    )


def _server_text(error: Exception) -> str:
    details = getattr(error, "details", None)
    text = details.get("errmsg") if isinstance(details, Mapping) else None
    said = str(text or error).partition(", full error:")[0]
    is_about_documents = getattr(error, "code", None) in (DUPLICATE_KEY, *_ABOUT_DOCUMENTS)
    return one_line(without_values(said) if is_about_documents else said)
