"""Which characters may go to the terminal: the encoding of its locale."""

import codecs
import sys
from collections.abc import Mapping
from typing import Final

_COERCED: Final = ("C.UTF-8", "C.utf8", "UTF-8")
_UNSAFE: Final = ("iso2022", "hz", "utf-7", "utf-16", "utf-32")


def locale_of(environ: Mapping[str, str], *, utf8_mode: bool | None = None) -> str:
    """Give the locale that was asked for: LC_ALL before LC_CTYPE before LANG, `C` where there is none (POSIX, 8.2).

    Python itself sets LC_CTYPE where it finds the C locale, and shows it by its UTF-8 mode (PEP 538, PEP 540); such a
    one says nothing about the terminal.
    """
    mode = bool(sys.flags.utf8_mode) if utf8_mode is None else utf8_mode
    by_python = mode and environ.get("LC_CTYPE") in _COERCED and not environ.get("LC_ALL")
    names = ("LC_ALL", "LANG") if by_python else ("LC_ALL", "LC_CTYPE", "LANG")
    return next((environ[name] for name in names if environ.get(name)), "C")


def encoding_of(locale: str) -> str:
    """Give the Python codec of a locale such as `de_DE.ISO-8859-1@euro`; `ascii` where it is unknown or unsafe.

    A language without a codeset means ISO 8859-1, or 8859-15 with `@euro`, as glibc has it.
    """
    name, _, modifier = locale.partition("@")
    language, _, codeset = name.partition(".")
    if not codeset:
        if language in ("C", "POSIX"):
            return "ascii"
        fallback = "iso8859-15" if modifier == "euro" else "iso8859-1"
        codeset = language if language.upper() in ("UTF-8", "UTF8") else fallback
    try:
        found = codecs.lookup(codeset)
    except LookupError:
        return "ascii"
    # Stateful and wide encodings cannot be cut into cells.
    is_text = getattr(found, "_is_text_encoding", True)
    return "ascii" if not is_text or found.name.startswith(_UNSAFE) else found.name
