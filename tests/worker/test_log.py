import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_migrate.paths import RunFolder
from tui_migrate.worker import launch
from tui_migrate.worker.log import log_to

URL = "mongodb://anna:hunter2@host/db"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    pymongo = logging.getLogger("pymongo").level
    stream = io.StringIO()
    log_to(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("pymongo").setLevel(pymongo)


def test_messages_arguments_and_tracebacks_are_redacted(stream: io.StringIO) -> None:
    log = logging.getLogger("asyncio")
    log.warning("lost %s", URL)
    try:
        int(URL)
    except ValueError:
        log.exception("in the middle of %s", URL)
    text = stream.getvalue()
    assert text.count("mongodb://anna:***@") == 3
    assert "Traceback" in text
    assert "hunter2" not in text


def test_the_last_words_of_a_worker_that_did_not_begin_have_no_password_and_act_on_no_terminal(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.worker_log.write_text(f"before\nlost {URL}\x1b[2J\n")
    assert launch._last_words(folder) == f"see {folder.worker_log}: lost mongodb://anna:***@host/db\\x1b[2J"


def test_the_driver_says_errors_only(stream: io.StringIO) -> None:
    logging.getLogger("pymongo.command").warning("too much")
    logging.getLogger("pymongo.command").error("this")
    assert "too much" not in stream.getvalue()
    assert "ERROR this" in stream.getvalue()
