"""An input for the URL of a database, in which no password is ever to be read."""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from rich.highlighter import Highlighter
from rich.text import Text
from textual import events
from textual.widgets import Input

from tui_migrate.connection_url import parse_url
from tui_migrate.errors import UsageError

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOSTS: Final = re.compile(r"\d{1,5}(?:,[\w.-]+(?::\d{1,5})?)*[/?]")
_ADDRESS: Final = re.compile(
    r"(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-F:.]*\]?)(?::\d{0,5}(?:[,/?].*)?)?", re.IGNORECASE
)
"""A URL from its first host on, as far as it is typed, where that is an address or this machine."""
_SECRET_OPTION: Final = re.compile(
    r"[?&;][\w.-]*(?:password|secret|token|authMechanismProperties)[\w.-]*=([^&;]*)", re.IGNORECASE
)
_DOT: Final = "•"


@dataclass(frozen=True, slots=True)
class TypedUrl:
    """A text without the password that stood in it; `problem` says why there was one that cannot be used."""

    text: str
    password: str | None = field(default=None, repr=False)
    problem: str = ""


def split_password(text: str) -> TypedUrl:
    """Take the password out of a text, whatever else is wrong with it."""
    try:
        url = parse_url(text)
    except UsageError as error:
        start = _start(text)
        userinfo, at, rest = text[start:].rpartition("@")
        if at and ":" in userinfo:
            return TypedUrl(f"{text[:start]}{userinfo.partition(':')[0]}@{rest}", problem=error.message)
        return TypedUrl(text)
    return TypedUrl(url.text if url.password is not None else text, url.password)


def masked(text: str, *, is_done: bool = False) -> str:
    """Put dots over whatever is a password or may become one; the text is as long as before.

    What stands behind the first colon is a port behind an address, which is no user's name, and in what is a URL by now
    and has no user; that no `@` is coming any more only the one knows who says `is_done`.
    """
    covered = list(text)
    start = _start(text)
    colon, at = text.find(":", start), text.rfind("@")
    if 0 <= colon < at:
        covered[colon + 1 : at] = _DOT * (at - colon - 1)
    elif colon >= 0 and at < start and not (_is_port(text, start, colon) or (is_done and _has_no_user(text))):
        covered[colon + 1 :] = _DOT * (len(text) - colon - 1)
    for match in _SECRET_OPTION.finditer(text):
        covered[match.start(1) : match.end(1)] = _DOT * (match.end(1) - match.start(1))
    return "".join(covered)


class UrlInput(Input):
    """Shows dots for a password from its first character on; one that is pasted leaves the input at once.

    It goes with the user and hosts that it was pasted with, and with no others. `problem` says why one was dropped.
    """

    def __init__(self, typed: TypedUrl = TypedUrl(""), *, id: str | None = None) -> None:
        super().__init__(typed.text, id=id, highlighter=_Mask(self), select_on_focus=False)
        self._taken = typed
        self.problem = ""

    @property
    def has_taken(self) -> bool:
        """True where a password was taken out that belongs to what stands here."""
        return self._taken.password is not None and _authority(self._taken.text) == _authority(self.value)

    def typed(self) -> TypedUrl:
        """What was typed or pasted, its password apart."""
        typed = split_password(self.value)
        return replace(typed, password=self._taken.password) if typed.password is None and self.has_taken else typed

    def on_paste(self, event: events.Paste) -> None:
        """Put the first line in, without a password."""
        event.stop()
        event.prevent_default()
        start, end = sorted(self.selection)
        line = (event.text.splitlines() or [""])[0].strip()
        typed = split_password(self.value[:start] + line + self.value[end:])
        if typed.password is not None:
            self._taken = typed
        self.problem = typed.problem
        self.value = typed.text
        self.cursor_position = len(typed.text)


class _Mask(Highlighter):
    def __init__(self, entry: Input) -> None:
        self._entry = entry

    def highlight(self, text: Text) -> None:
        text.plain = masked(text.plain, is_done=not self._entry.has_focus)


def _is_port(text: str, start: int, colon: int) -> bool:
    """Say whether what follows the first colon can be nothing but ports and further hosts."""
    return bool(_HOSTS.match(text, colon + 1) or _ADDRESS.fullmatch(text, start))


def _has_no_user(text: str) -> bool:
    try:
        return not parse_url(text).user
    except UsageError:
        return False


def _start(text: str) -> int:
    """Where user and hosts begin."""
    match = _SCHEME.match(text)
    return match.end() if match else 0


def _authority(text: str) -> str:
    """User and hosts, with the scheme."""
    return text[: _start(text)] + re.split("[/?]", text[_start(text) :], maxsplit=1)[0]
