import pytest

from tui_migrate.ui.terminal.charset import encoding_of, locale_of


@pytest.mark.parametrize(
    ("environ", "locale"),
    [
        ({}, "C"),
        ({"LANG": "de_DE.UTF-8"}, "de_DE.UTF-8"),
        ({"LANG": "de_DE.UTF-8", "LC_CTYPE": "C"}, "C"),
        ({"LANG": "C", "LC_CTYPE": "de_DE.UTF-8", "LC_ALL": ""}, "de_DE.UTF-8"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"}, "POSIX"),
    ],
)
def test_the_locale_is_that_of_posix_precedence(environ: dict[str, str], locale: str) -> None:
    assert locale_of(environ, utf8_mode=False) == locale


def test_a_locale_that_python_put_there_does_not_count() -> None:
    coerced = {"LANG": "C", "LC_CTYPE": "C.UTF-8"}
    assert locale_of(coerced, utf8_mode=True) == "C"
    assert locale_of(coerced, utf8_mode=False) == "C.UTF-8"


@pytest.mark.parametrize(
    ("locale", "encoding"),
    [
        ("C", "ascii"),
        ("POSIX", "ascii"),
        ("C.UTF-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("en_GB.utf8", "utf-8"),
        ("de_DE.ISO-8859-1", "iso8859-1"),
        ("de_DE", "iso8859-1"),
        ("de_DE@euro", "iso8859-15"),
        ("ru_RU.KOI8-R", "koi8-r"),
        ("ja_JP.ISO-2022-JP", "ascii"),
        ("xx_XX.nonsense", "ascii"),
        ("xx_XX.rot13", "ascii"),
        ("xx_XX.utf-16", "ascii"),
    ],
)
def test_the_encoding_is_that_of_the_codeset(locale: str, encoding: str) -> None:
    assert encoding_of(locale) == encoding
