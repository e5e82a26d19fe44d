"""The worker's log: everything that is said in it, tracebacks among it, goes through redaction."""

import logging
from typing import Final, TextIO

from tui_migrate.redaction import redact

_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


class RedactingFormatter(logging.Formatter):
    """Takes secrets out of a whole entry: of its message, its arguments and its traceback, whoever wrote it."""

    def format(self, record: logging.LogRecord) -> str:
        """Format an entry."""
        return redact(super().format(record))


def log_to(stream: TextIO) -> None:
    """Let this process log to a stream and nowhere else. The driver says errors only: it would say much more."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter(_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("pymongo").setLevel(logging.ERROR)
