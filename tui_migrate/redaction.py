"""Takes secrets out of text, and control characters out of what a terminal is shown."""

import re
import unicodedata
from typing import Final

_USERINFO: Final = re.compile(r"([a-z][a-z0-9+.-]{0,30}://)([^/?#\s@:]*)(:\S*)?@", re.IGNORECASE)
_QUERY_SECRET: Final = re.compile(
    r"([?&;](?:[\w.-]*(?:password|secret|token)[\w.-]*|authMechanismProperties)=)[^&\s]*", re.IGNORECASE
)
_UNPRINTABLE: Final = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))


def redact(text: str) -> str:
    """Replace the password of every URL in a text, and every secret among URL options, by `***`.

    A password may hold a raw `@`, `/` or quote, so everything up to the last `@` of the word counts as one: rather too
    much is taken out than too little.
    """
    without = _USERINFO.sub(lambda match: f"{match[1]}{match[2]}{':***' if match[3] else ''}@", text)
    return _QUERY_SECRET.sub(r"\1***", without)


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
