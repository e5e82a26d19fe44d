import time
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.redaction import printable, redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mongodb://user:secret@host/db", "mongodb://user:***@host/db"),
        ("mongodb://user@host/db", "mongodb://user@host/db"),
        ("mongodb://host:27017/db?w=1", "mongodb://host:27017/db?w=1"),
        ("mongodb://u:p@ss/w:rd@host:1,other:2/db", "mongodb://u:***@host:1,other:2/db"),
        ("at MONGODB+SRV://u:p@h, then", "at MONGODB+SRV://u:***@h, then"),
        ("x://h/?tlsCertificateKeyFilePassword=abc&w=1", "x://h/?tlsCertificateKeyFilePassword=***&w=1"),
        ("x://h/?a=1&authMechanismProperties=AWS_SESSION_TOKEN:abc", "x://h/?a=1&authMechanismProperties=***"),
        ("nothing of the sort", "nothing of the sort"),
        ("x://h/?a=1;sslPassword=b;c&d=2;e=3", "x://h/?a=1;sslPassword=***&d=2;e=3"),
        ("x://u@h/?token=a@b?secret=c&w=1", "x://u@h/?token=***&w=1"),
        ("x://u@h,x://v:w@i", "x://u@h,x://v:***@i"),
        ("('mongodb://u:p\"a'ss<@h', 1)", "('mongodb://u:***@h', 1)"),
        ("mongodb://a:b@c mongodb://d:e@f", "mongodb://a:***@c mongodb://d:***@f"),
        ("cannot read /home/u/mongodb:/u:p/w@h/db: no", "cannot read /home/u/mongodb:/u:***@h/db: no"),
    ],
)
def test_secrets_of_urls_are_taken_out(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=20), st.booleans())
def test_no_password_of_a_url_comes_through(password: str, is_quoted: bool) -> None:
    word = quote(password, safe="") if is_quoted else "".join(password.split())
    url = f"mongodb://user:{word}@host:27017/db?w=majority"
    assert redact(redact(url)) == redact(url)
    assert redact(f"cannot open {url}: no").startswith("cannot open mongodb://user:***@host:27017/db")


@pytest.mark.parametrize(
    "part",
    ["a", "a://", "a://b:", "?password", "?a=", "?password=", "?password=&", "a://b@", "://", "@", "a" * 40 + "://"],
)
def test_a_long_text_is_redacted_in_time(part: str) -> None:
    begin = time.process_time()
    for text in (part * 100_000, f"?{part * 100_000}", f"{part * 100_000}@"):
        redact(text)
    assert time.process_time() - begin < 20


@given(st.text())
def test_what_is_printable_acts_on_no_terminal(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(one) for one in shown} & {"Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp"}
    if all(unicodedata.category(one)[0] in "LNPS" for one in text):
        assert shown == text


def test_control_characters_are_shown_as_escapes() -> None:
    assert printable("a\x1b[2Jb\nc\u202ed\U000e0001") == "a\\x1b[2Jb\\x0ac\\u202ed\\U000e0001"
    assert printable("\ufdd0") == "\\ufdd0"  # which will never be a character
