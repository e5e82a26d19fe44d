"""Takes secrets out of text, and control characters out of what a terminal is shown."""

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"\S+")
_USER: Final = re.compile(r"[a-z][a-z0-9+.-]{0,30}://?[^/?#@:]*([:@])", re.IGNORECASE)
"""One slash is enough: that is what is left of a URL that was given where a path is wanted."""
_OPTION: Final = re.compile(r"[?&;]([\w.-]+)=")
_VALUE_END: Final = re.compile(r"[&\s]")
_SECRET_NAME: Final = re.compile(r"password|secret|token|^authMechanismProperties$", re.IGNORECASE)
_UNPRINTABLE: Final = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))


def redact(text: str) -> str:
    """Replace the password of every URL in a text, and every secret among URL options, by `***`.

    A password may hold a raw `@`, `/` or quote, so everything up to the last `@` of the word counts as one: rather too
    much is taken out than too little. Takes time in proportion to the text, whatever it is.
    """
    return _without_options(_WORD.sub(_without_password, text))


def _without_password(match: re.Match[str]) -> str:
    word = match[0]
    last = word.rfind("@")
    for user in _USER.finditer(word, 0, last + 1):
        if user[1] == ":":
            return f"{word[: user.end()]}***{word[last:]}"
    return word


def _without_options(text: str) -> str:
    parts: list[str] = []
    done = 0
    for option in _OPTION.finditer(text):
        if option.start() >= done and _SECRET_NAME.search(option[1]):
            parts.extend((text[done : option.end()], "***"))
            end = _VALUE_END.search(text, option.end())
            done = end.start() if end else len(text)
    return "".join((*parts, text[done:]))


def printable(text: str) -> str:
    """Show control, bidirectional and zero-width characters as escapes, so that none acts on a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escaped(character) if unicodedata.category(character) in _UNPRINTABLE else character for character in text
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
