"""What files of few bytes and many values take of memory, each read in a process of its own."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MOST_RESIDENT = 400
"""MB: the worst document within all limits, with the interpreter and what it imports."""

HEAD, TAIL = b'{"endpoint": "e", "data": [{"id": 1, "a": ', b"}]}"
MEASURE = """
import asyncio, sys
from pathlib import Path
from tests.packages.json_forms.samples import opened
from tests.process_memory import resident
findings = asyncio.run(opened(Path(sys.argv[1])).check())
print(resident("VmHWM"), *{one.code for one in findings})
"""


def measured(path: Path) -> tuple[int, set[str]]:
    """Check a package elsewhere: MB at most, and the codes of what was found."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=100
    )
    most, *codes = done.stdout.split()
    return int(most), set(codes)


def fields(count: int) -> bytes:
    return b"{" + b",".join(b'"%06x":"%09x"' % (one, one) for one in range(count)) + b"}"


MANY: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "zeros": (lambda: b"[" + b"0," * 8_000_000 + b"0]", {"file_damaged"}),
    "zeros without end": (lambda: b"[" + b"0," * 31_000_000 + b"0]", {"file_damaged"}),
    "empty texts": (lambda: b"[" + b'"",' * 8_000_000 + b'""]', {"file_damaged"}),
    "keys": (lambda: b"{" + b'"":0,' * 5_500_000 + b'"":0}', {"file_damaged"}),
    "nulls that fit": (lambda: b"[" + b"null," * 1_800_000 + b"null]", set()),
    "fields": (lambda: fields(1_190_000), {"document_too_large"}),
    "faults": (lambda: b"[" + b",".join([b'{"$oid":1}'] * 800_000) + b"]", {"extended_json"}),
    "documents": (
        lambda: b"[" + b",".join(b'{"%07x":"%d"}' % (one, one) for one in range(830_000)) + b"]",
        {"document_too_large"},
    ),
    "a wide character": (lambda: b'["' + b"x" * (31 * 1024**2) + "\U0001f600".encode() + b'"]', {"document_too_large"}),
}

QUICK = ("zeros", "zeros without end", "empty texts", "keys", "documents", "a wide character")


@pytest.mark.slow
@pytest.mark.parametrize(
    "what", [one if one in QUICK else pytest.param(one, marks=pytest.mark.crash_full) for one in MANY]
)
def test_memory_is_bounded_whatever_a_document_holds(tmp_path: Path, what: str) -> None:
    content, codes = MANY[what]
    path = tmp_path / "x.json"
    path.write_bytes(HEAD + content() + TAIL if what != "zeros" else gzip.compress(HEAD + content() + TAIL, 1))
    most, found = measured(path)
    assert found == codes
    assert most <= MOST_RESIDENT
